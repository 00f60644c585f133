// Calls that wait for a person: the exact arguments, and an answer. And what was agreed to for longer.

import { el, href, refill } from "./dom.js";
import { at, indent } from "./exact.js";
import { button, empty, facts, ruleLine, say, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { callerOf, clock, when } from "./words.js";

/** How often the time that is left is written anew. */
const TICK_MS = 1_000;

/** How long new answers cannot be pressed: whoever clicks twice must not answer the call that comes into its place. */
const GUARD_MS = 500;

/** What can be answered. */
const ANSWERS = [
  ["once", "Allow once", "main"],
  ["session", "Allow until the daemon stops", ""],
  ["always", "Always allow", ""],
  ["deny", "Deny", "danger"],
];

const SAID = {
  once: "It was allowed once.",
  session: "It is allowed until the daemon stops.",
  always: "It is always allowed from now on.",
  deny: "It was denied.",
};

function left(expires) {
  const seconds = Math.max(0, Math.round((new Date(expires) - Date.now()) / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

function waitingCall(call, exact, look) {
  const settle = (answer) => async () => {
    const { settled } = await rpc.call("connectors.approvals.answer", { id: call.id, answer });
    say(settled ? SAID[answer] : "It did not wait any more: somebody else answered, or its time was over.");
    await look();
  };
  const what = `${call.tool} of ${call.connector}`;
  const buttons = ANSWERS.map(([answer, label, kind]) =>
    button(label, settle(answer), { kind, key: `${answer}-${call.id}`, about: what }),
  );
  for (const one of buttons) one.setAttribute("aria-disabled", "true");
  setTimeout(() => buttons.forEach((one) => one.removeAttribute("aria-disabled")), GUARD_MS);
  const time = el("span.left", { "aria-live": "off", "data-expires": call.expires_at }, left(call.expires_at));
  const args = el(
    "pre",
    { tabIndex: 0, role: "region", "aria-label": `Arguments of ${call.tool}` },
    theirs(indent(exact)),
  );
  return el(
    "li.card.waiting",
    { "data-id": call.id },
    el("div.row", {}, el("h3", {}, theirs(call.tool, "span.mono"), " of ", theirs(call.connector)), time),
    facts([
      ["Who asks", theirs(callerOf(call.caller))],
      ["Asked at", clock(call.asked_at)],
    ]),
    el("p.label", {}, "With exactly these arguments"),
    args,
    ruleLine(call.rule),
    el("div.actions", {}, buttons),
  );
}

function standing(grant, look) {
  const take = async () => {
    await rpc.call("connectors.approvals.revoke", { id: grant.id });
    say("It is asked about again from now on.");
    await look();
  };
  const isSession = grant.id.startsWith("session-");
  return el(
    "li.row",
    {},
    el(
      "div.grow",
      {},
      el(
        "p",
        {},
        theirs(callerOf(grant.caller), "strong"),
        " may call ",
        theirs(`${grant.connector}/${grant.tool}`, "code"),
      ),
      el(
        "p.soft",
        {},
        isSession ? "Until the daemon stops" : "Always",
        `, since ${when(grant.granted_at)}. Rule: `,
        theirs(grant.rule, "code"),
      ),
    ),
    button("Take it back", take, {
      key: `revoke-${grant.id}`,
      about: `${grant.connector}/${grant.tool} for ${callerOf(grant.caller)}`,
    }),
  );
}

export async function approvals() {
  const calls = el("div", {});
  const agreed = el("div", {});
  async function look() {
    const [{ result, text }, { grants }] = await Promise.all([
      rpc.call("connectors.approvals.list", {}, { whole: true }),
      rpc.call("connectors.approvals.grants"),
    ]);
    const exact = (place) => at(text, ["result", "pending", place, "arguments"]) ?? "null";
    const none = empty(
      "No call waits for you.",
      el(
        "p",
        {},
        "A rule of the kind “ask” holds a call until you answer here. ",
        el("a", { href: href("policy") }, "Add such a rule under Policy"),
        ".",
      ),
    );
    refill(
      calls,
      result.pending.length
        ? el(
            "ul.cards",
            {},
            result.pending.map((call, place) => waitingCall(call, exact(place), look)),
          )
        : none,
    );
    refill(
      agreed,
      grants.length
        ? el(
            "ul.card.lines",
            {},
            grants.map((grant) => standing(grant, look)),
          )
        : empty("Nothing was agreed to for longer than one call."),
    );
  }
  await look();
  const timer = setInterval(() => {
    for (const node of calls.querySelectorAll("[data-expires]")) node.textContent = left(node.dataset.expires);
  }, TICK_MS);
  const heard = (method) => {
    if (method.startsWith("connectors.approval_") || method === "connectors.access_changed") look().catch(() => {});
  };
  const parts = [
    el("section", { "aria-live": "polite" }, el("h2", {}, "Waiting"), calls),
    el("section", {}, el("h2", {}, "Agreed to for longer"), agreed),
  ];
  return { title: "Approvals", parts, heard, left: () => clearInterval(timer) };
}
