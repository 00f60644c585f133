// Finding a service by need, looking at all of what would be added, and adding that and nothing else.

import { addWith } from "./add.js";
import { el, href, refill } from "./dom.js";
import {
  badge,
  button,
  choice,
  complain,
  empty,
  facts,
  field,
  form,
  input,
  area,
  sentence,
  theirs,
  tick,
} from "./parts.js";
import { rpc } from "./rpc.js";
import { many, plain } from "./words.js";

/** Who publishes a service, and how that is known: never more than what was checked, and never that it is safe. */
function published({ publisher: { name, verification }, provenance: { source, kind } }) {
  const domain = name.split(".").reverse().join(".");
  const who = name.startsWith("io.github.")
    ? ["the GitHub account ", theirs(name.slice("io.github.".length))]
    : ["the domain ", theirs(domain)];
  if (verification === "registry_namespace")
    return ["Published by someone who controlled ", who, " when it was published"];
  if (verification === "tls_domain") return ["Listed by ", theirs(name), " itself, over TLS"];
  if (verification === "root") return ["The root ", theirs(source), " says that it is of ", theirs(name)];
  if (verification === "user" || kind === "local") return "Added by you";
  return ["Listed by ", theirs(source), "; that it is of ", theirs(name), " is only what the record says"];
}

/** Where a word can be found; anything else is the name of a tool. */
const PLACES = new Set(["name", "description", "tags"]);

function reason(why) {
  if (why.by === "word")
    return [
      "“",
      theirs(why.word),
      PLACES.has(why.found_in) ? `” in its ${why.found_in}` : ["” in its ", theirs(why.found_in, "code")],
    ];
  return "means much the same";
}

function service(found, look) {
  const { service: it, reasons, connected_as: slug, changed } = found;
  const text = reasons.flatMap((why, place) => [place ? " · " : "", reason(why)]);
  const open =
    it.reference && button("Look at it", () => look(it.reference), { key: `look-${it.reference}`, about: it.name });
  return el(
    "li.row",
    {},
    el(
      "div.grow",
      {},
      theirs(it.name, "h3"),
      theirs(it.description, "p"),
      el("p.soft", {}, published(it), it.version && [" · version ", theirs(it.version)]),
      text.length > 0 && el("p.soft", {}, "Fits: ", text),
      changed.length > 0 && badge(["Changed since you agreed to it", "change", "warn"]),
    ),
    slug ? el("a.button", { href: href("connectors", slug) }, "It is connected") : open,
  );
}

/** An input for something that a service wants to be given. Returns `{ node, asked, read }`. */
function answer(asked) {
  const {
    key,
    description,
    is_required: isNeeded,
    is_secret: isSecret,
    is_repeated: isRepeated,
    choices,
    default: usual,
    placeholder,
  } = asked;
  const properties = { value: usual ?? "", placeholder: placeholder ?? "" };
  let control = input(isSecret ? { type: "password", autocomplete: "new-password" } : properties);
  if (choices.length)
    control = choice([["", "Choose one"], ...choices.map((one) => [one, one])], { value: usual ?? "" });
  else if (isRepeated) control = area({ ...properties, rows: 3 });
  if (choices.length && usual) control.value = usual;
  if (isNeeded) control.setAttribute("aria-required", "true");
  const hint = [description, isRepeated && "One on each line."].filter(Boolean).join(" ");
  const node = field(
    [theirs(key, "span.mono"), isNeeded && el("span.needed", { "aria-hidden": "true" }, " *")],
    control,
    { hint: hint && theirs(hint) },
  );
  return { node, asked, control };
}

/** Everything that a person has to see before they agree. */
function proposal({ proposal: it, seen }) {
  const usable = it.ways.map((way, place) => [way, place]).filter(([way]) => !way.obstacle);
  const name = input({ value: it.suggested_name });
  const way = choice(
    usable.map(([one, place]) => [
      String(place),
      plain(one.offer.by === "remote" ? "runs elsewhere" : `runs here, from ${one.offer.registry_type}`),
    ]),
  );
  if (it.best !== null) way.value = String(it.best);
  const inside = el("div", {});
  const agree = tick("I agree to what has changed");
  let answers = [];
  function draw() {
    const one = it.ways[Number(way.value)];
    answers = one.inputs.map(answer);
    refill(
      inside,
      one.warnings.map((warning) => el("p.note", {}, theirs(sentence(warning)))),
      el("h3", {}, one.offer.by === "remote" ? "It would connect to" : "It would run"),
      el("pre", { tabIndex: 0, role: "region", "aria-label": "What would be done" }, theirs(one.shown.join("\n"))),
      one.shown_values.length > 0 && [
        el("h3", {}, "With"),
        el(
          "pre",
          { tabIndex: 0, role: "region", "aria-label": "Headers or variables" },
          theirs(one.shown_values.join("\n")),
        ),
      ],
      answers.map(({ node }) => node),
    );
  }
  const run = async () => {
    const values = {};
    const secrets = {};
    for (const { asked, control } of answers) {
      const given = control.value;
      complain(control, asked.is_required && !given ? "This is needed." : null);
      if (asked.is_required && !given) return control.focus();
      if (given) (asked.is_secret ? secrets : values)[asked.key] = given;
    }
    const accept = it.changes.length ? agree.box.checked : undefined;
    await addWith("connectors.add_found", {
      reference: it.reference,
      seen,
      name: name.value.trim() || undefined,
      way: Number(way.value),
      values,
      secrets,
      accept_changes: accept,
    });
  };
  const service = it.service;
  const head = [
    el("h2", { tabIndex: -1 }, theirs(service.name)),
    theirs(service.description, "p"),
    facts([
      ["Publisher", published(service)],
      ["Name", theirs(String(service.identifier), "code")],
      ["Version", service.version && theirs(service.version)],
      ["Told by", theirs(it.source_url, "code")],
    ]),
    it.notes.map((note) => el("p.note", {}, theirs(sentence(note)))),
    it.changes.length > 0 && [
      el("h3", {}, "It has changed since you agreed to it"),
      it.changes.map(({ what, before, now }) =>
        facts([
          ["What", plain(what)],
          ["You agreed to", theirs(before)],
          ["Now", theirs(now)],
        ]),
      ),
    ],
  ];
  if (!usable.length) {
    const why = it.ways.map((one) => el("p", {}, theirs(one.obstacle)));
    return el(
      "div.card",
      {},
      head,
      el("h3", {}, "It cannot be added"),
      why.length ? why : el("p", {}, "It names no way to have it."),
    );
  }
  way.addEventListener("change", draw);
  draw();
  const parts = [
    usable.length > 1 && field("Way", way),
    inside,
    field("Name here", name),
    it.changes.length > 0 && agree,
  ];
  return el("div.card", {}, head, form(parts, { submit: "Add exactly this", run }));
}

export function finder() {
  const need = input({ type: "search", placeholder: "track time, search mail, read a database" });
  const found = el("div", {});
  const shown = el("div", {});
  const look = async (reference) => {
    refill(shown, proposal(await rpc.call("connectors.look_up", { reference })));
    shown.querySelector("h2").focus();
  };
  const run = async () => {
    complain(need, need.value.trim() ? null : "Say what you need, or give the name of a service.");
    if (!need.value.trim()) return need.focus();
    shown.replaceChildren();
    refill(found, el("p.soft", { role: "status" }, "Searching…"));
    try {
      const {
        services,
        searched,
        left_out: leftOut,
        notes,
      } = await rpc.call("connectors.find", { need: need.value.trim() });
      const none = empty(
        "No service was found.",
        searched.length ? "Use other words." : "No registry is set up. `car sources` adds one.",
      );
      refill(
        found,
        el("p.soft", { role: "status" }, `${many(services.length, "service")} found`),
        services.length
          ? el(
              "ul.card.lines",
              {},
              services.map((one) => service(one, look)),
            )
          : none,
        leftOut.map(({ source, reason: why }) =>
          el("p.note", {}, theirs(source), " was left out: ", theirs(sentence(why))),
        ),
        notes.map((note) => el("p.soft", {}, theirs(sentence(note)))),
      );
    } catch (error) {
      found.replaceChildren();
      throw error;
    }
  };
  const search = form(
    [
      field("What do you need?", need, {
        hint: "In your own words. Registries are asked; what they answer is the words of strangers.",
      }),
    ],
    { submit: "Find", run },
  );
  return el("div", {}, search, shown, found);
}
