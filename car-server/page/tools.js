// The tools of a connector: searched, and switched on and off one by one or all that are shown.

import { el, href, refill } from "./dom.js";
import { badge, button, empty, field, folded, input, problem, say, sentence, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { many } from "./words.js";

/** The most tools that are drawn at once; the search narrows the rest down. */
const MOST = 200;

/** What a tool says of itself that matters before it is switched on. These are the server's words. */
export function hints({ annotations }) {
  const { readOnlyHint: reads, destructiveHint: destroys } = annotations ?? {};
  if (reads === true) return badge(["Says it only reads", "dot", "plain"]);
  if (destroys === true) return badge(["Says it can destroy", "warning", "warn"]);
  return null;
}

/** A switch for one tool. */
export function toolSwitch(slug, tool, done) {
  const flip = async () => {
    const method = tool.enabled ? "connectors.disable_tools" : "connectors.enable_tools";
    await rpc.call(method, { slug, tools: [tool.name] });
    say(tool.enabled ? `${tool.name} is off.` : `${tool.name} is on.`);
    await done();
  };
  const label = tool.enabled ? "On" : "Off";
  const node = button(label, flip, {
    kind: tool.enabled ? "switch on" : "switch",
    key: `switch-${tool.name}`,
    name: tool.name,
  });
  node.setAttribute("role", "switch");
  node.setAttribute("aria-checked", String(tool.enabled));
  return node;
}

/** Returns `{ node, look, isListed }`; `look` asks for the tools and draws them, unless a sign-in is wanted first. */
export function toolList(slug) {
  let listing = null;
  let turn = 0;
  const search = input({ type: "search", placeholder: "Name or words of the description" });
  const count = el("p.soft", { role: "status" });
  const list = el("div", {});
  search.addEventListener("input", draw);

  const chosen = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (tool) => `${tool.name} ${tool.title ?? ""} ${tool.description ?? ""}`.toLowerCase();
    return listing.tools.filter((tool) => words.every((word) => text(tool).includes(word)));
  };

  async function all(on) {
    const names = chosen()
      .filter((tool) => tool.enabled !== on)
      .map((tool) => tool.name);
    if (names.length)
      await rpc.call(on ? "connectors.enable_tools" : "connectors.disable_tools", { slug, tools: names });
    say(`${many(names.length, "tool")} switched ${on ? "on" : "off"}.`);
    await look();
  }

  function draw() {
    const found = chosen();
    count.textContent = `${many(found.length, "tool")} shown, ${found.filter((tool) => tool.enabled).length} on`;
    const rows = found.slice(0, MOST).map((tool) => row(slug, tool, look));
    const none = listing.tools.length ? empty("No tool matches the search.") : empty("The server lists no tools.");
    const rest = found.length > MOST && el("p.soft", {}, `${found.length - MOST} more; search to see them.`);
    refill(list, rows.length ? el("ul.card.lines", {}, rows) : none, rest, aside(listing.set_aside));
  }

  /** Asks for the tools; that may take as long as the server takes. Where it fails, that is shown in their place. */
  async function look(state) {
    turn += 1;
    const mine = turn;
    if (state === "needs_sign_in") return fail(empty("Sign in to see its tools."));
    if (!listing) {
      controls.hidden = true;
      refill(list, el("p.soft", { role: "status" }, "Asking the server for its tools…"));
    }
    try {
      const found = await rpc.call("connectors.tools", { slug });
      if (mine !== turn) return;
      listing = found;
      controls.hidden = false;
      draw();
    } catch (error) {
      if (mine === turn) fail(error.kind === "auth_required" ? empty("Sign in to see its tools.") : problem(error));
    }
  }

  function fail(why) {
    listing = null;
    controls.hidden = true;
    refill(list, why);
  }

  const bulk = el(
    "div.actions",
    {},
    button("Turn on all shown", () => all(true)),
    button("Turn off all shown", () => all(false)),
  );
  const controls = el("div", {}, field("Search the tools", search), bulk, count);
  const node = el("section", {}, el("h2", {}, "Tools"), controls, list);
  return { node, look, isListed: () => listing !== null };
}

function row(slug, tool, look) {
  const title = tool.title && tool.title !== tool.name && theirs(tool.title, "p.strong");
  return el(
    "li.row",
    {},
    el(
      "div.grow",
      {},
      el(
        "h3.mono",
        {},
        el(
          "a",
          { href: href("connectors", slug, "tools", tool.name), "data-key": `tool-${tool.name}` },
          theirs(tool.name),
        ),
      ),
      title,
      el("p.short", {}, theirs(tool.description || "The server does not say what it does.")),
      el(
        "div.badges",
        {},
        tool.changed &&
          el("a", { href: href("connectors", slug, "changed") }, badge(["Changed: look at it", "change", "warn"])),
        hints(tool),
      ),
    ),
    toolSwitch(slug, tool, look),
  );
}

/** Tools that cannot be used, and why. */
function aside(tools) {
  if (!tools.length) return null;
  const rows = tools.map(({ name, reason }) =>
    el("li", {}, theirs(name ?? "a tool without a name", "strong"), ": ", theirs(sentence(reason))),
  );
  return folded(`${many(tools.length, "tool")} cannot be used`, "aside", el("ul.plain", {}, rows));
}
