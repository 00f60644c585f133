// One tool: what it is and takes, what the policy says of it, and a form to try it.

import { el, go, href, refill } from "./dom.js";
import { badge, button, facts, folded, ruleLine, say, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { schemaTable } from "./schema-table.js";
import { hints, toolSwitch } from "./tools.js";
import { trial } from "./trial.js";
import { verdictOf } from "./words.js";

/** How the policy names a tool; a star in its own name would stand for any text. */
export const subjectOf = (slug, tool) => (tool.name.includes("*") ? tool.canonical : `${slug}/${tool.name}`);

export async function tool(slug, name) {
  const status = await rpc.call("connectors.status", { slug });
  const find = async () => {
    const { tools } = await rpc.call("connectors.tools", { slug });
    const found = tools.find((known) => known.name === name);
    if (!found) throw new Error(`${status.name} has no tool of this name any more`);
    return found;
  };
  let it = await find();
  const top = el("div", {});
  const rules = el("div", {});
  async function judge() {
    refill(rules, await policyOf(slug, it));
  }
  async function look() {
    it = await find();
    refill(top, overview(slug, it, look));
    await judge();
  }
  refill(top, overview(slug, it, look));
  await judge();
  const heard = (method, params) => {
    if (method === "connectors.policy_changed") judge().catch(() => {});
    if (method !== "connectors.changed" || (params.slug !== slug && params.what !== "missed")) return;
    if (params.what === "removed") go("connectors");
    else if (params.what !== "state") look().catch(() => {});
  };
  const before = el(
    "p.way",
    {},
    el("a", { href: href("connectors") }, "Connectors"),
    " / ",
    el("a", { href: href("connectors", slug) }, theirs(status.name)),
  );
  const about = [
    el(
      "section",
      {},
      el("h2", {}, "What it takes"),
      el("div.card", {}, schemaTable(it.input_schema), raw("Its schema", it.input_schema)),
    ),
    it.output_schema &&
      el(
        "section",
        {},
        el("h2", {}, "What it answers"),
        el("div.card", {}, schemaTable(it.output_schema), raw("Its schema", it.output_schema, "out")),
      ),
  ];
  return { title: it.name, before, parts: [top, trial(slug, it), rules, about], heard };
}

/** The schema itself, folded away. */
const raw = (label, value, key = "in") =>
  folded(
    label,
    `schema-${key}`,
    el("pre", { tabIndex: 0, role: "region", "aria-label": label }, theirs(JSON.stringify(value, null, 2))),
  );

function overview(slug, it, look) {
  return el(
    "section.card",
    { "aria-label": "About this tool" },
    it.title && it.title !== it.name && theirs(it.title, "p.strong"),
    el("p.prose", {}, theirs(it.description || "The server does not say what it does.")),
    el(
      "div.badges",
      {},
      it.changed &&
        el("a", { href: href("connectors", slug, "changed") }, badge(["Changed: look at it", "change", "warn"])),
      hints(it),
    ),
    facts([["For models", theirs(it.canonical, "code")]]),
    el(
      "div.row",
      {},
      el("p", {}, it.enabled ? "It is on." : "It is off: agents do not see it."),
      toolSwitch(slug, it, look),
    ),
  );
}

/** What the policy says of calls of this tool, and the two most wanted rules. */
async function policyOf(slug, it) {
  const { verdict, rule, rules } = await rpc.call("connectors.policy.explain", { slug, tool: it.name });
  const add = (kind, done) => async () => {
    await rpc.call("connectors.policy.add", { kind, subject: subjectOf(slug, it), reason: "set on the page" });
    say(done);
  };
  const take = async () => {
    await rpc.call("connectors.policy.remove", { kind: rule.kind, subject: rule.subject });
    say("The rule was removed.");
  };
  const isOurs = (kind) => rule?.kind === kind && rule.subject === subjectOf(slug, it);
  const remove = (key) => button("Remove this rule", take, { key });
  const others = rules.filter((other) => JSON.stringify(other) !== JSON.stringify(rule));
  return el(
    "section",
    {},
    el("h2", {}, "What the policy says"),
    el(
      "div.card",
      {},
      badge(verdictOf(verdict)),
      rule ? ruleLine(rule) : el("p.soft", {}, "No rule is about this tool."),
      others.map(ruleLine),
    ),
    el(
      "div.actions",
      {},
      isOurs("ask")
        ? remove("rule-ask")
        : button("Ask me before each call", add("ask", `Calls of ${it.name} wait for you from now on.`), {
            key: "rule-ask",
            mark: "hand",
          }),
      isOurs("deny_tool")
        ? remove("rule-deny")
        : button("Deny this tool", add("deny_tool", `Calls of ${it.name} are denied from now on.`), {
            key: "rule-deny",
            mark: "stop",
          }),
      el("a", { href: href("policy") }, "All rules"),
    ),
  );
}
