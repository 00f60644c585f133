// The policy: its rules with their places, simple rules that come and go here, and what it says of a call.

import { el, refill } from "./dom.js";
import { Exact } from "./exact.js";
import { area, badge, button, choice, complain, empty, field, form, input, ruleLine, say, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { wrongJson } from "./schema-form.js";
import { subjectOf } from "./tool.js";
import { verdictOf, ruleOf } from "./words.js";

/** Rules that can be set and taken back here. The others are for the file's author. */
const SIMPLE = new Set(["deny_connector", "deny_tool", "ask"]);

function row(rule, look) {
  const take = async () => {
    await rpc.call("connectors.policy.remove", { kind: rule.kind, subject: rule.subject });
    say("The rule was removed.");
    await look();
  };
  return el(
    "li.row",
    {},
    el(
      "div.grow",
      {},
      el("p.strong", {}, `${ruleOf(rule.kind)} `, rule.subject && theirs(rule.subject, "code")),
      rule.reason && theirs(rule.reason, "p"),
      rule.location && theirs(rule.location, "p.soft"),
    ),
    SIMPLE.has(rule.kind) &&
      button("Remove", take, {
        key: `remove-${rule.kind}-${rule.subject}`,
        about: `${ruleOf(rule.kind)} ${rule.subject}`,
      }),
  );
}

/** Two choices, of a connector and one of its tools. Returns the parts and what was chosen. */
function picker(connectors) {
  const slug = choice(connectors.map((known) => [known.slug, known.name]));
  const tool = choice([]);
  let tools = [];
  async function list() {
    tools = slug.value ? (await rpc.call("connectors.tools", { slug: slug.value })).tools : [];
    tool.replaceChildren(...choice(tools.map((known) => [known.name, known.name])).children);
  }
  slug.addEventListener("change", () => list().catch(() => tool.replaceChildren()));
  const chosen = () => tools.find((known) => known.name === tool.value);
  return { slug, tool, list, chosen };
}

function adding(connectors, look) {
  const kind = choice([
    ["ask", "Ask a person before a call"],
    ["deny_tool", "Deny calls of a tool"],
    ["deny_connector", "Deny calls of a whole connector"],
  ]);
  const pick = picker(connectors);
  const caller = input({ placeholder: "token:*" });
  const reason = input();
  const toolField = field("Tool", pick.tool);
  kind.addEventListener("change", () => {
    toolField.hidden = kind.value === "deny_connector";
  });
  const run = async () => {
    const isWhole = kind.value === "deny_connector";
    const tool = pick.chosen();
    if (!isWhole && !tool) return complain(pick.tool, "This connector lists no tool.");
    complain(pick.tool, null);
    const subject = isWhole ? pick.slug.value : subjectOf(pick.slug.value, tool);
    const optional = { caller: caller.value.trim() || undefined, reason: reason.value.trim() || undefined };
    await rpc.call("connectors.policy.add", { kind: kind.value, subject, ...optional });
    say("The rule is in force.");
    await look();
  };
  const node = form(
    [
      field("Rule", kind),
      field("Connector", pick.slug),
      toolField,
      field("Only for", caller, {
        optional: true,
        hint: "Who asks, such as owner, page or token:NAME; * stands for anything. Left out, it is for everybody.",
      }),
      field("Reason", reason, { optional: true, hint: "It is shown with every denial." }),
    ],
    { submit: "Add the rule", run },
  );
  return { node: el("div.card", {}, node), list: pick.list };
}

function asking(connectors) {
  const pick = picker(connectors);
  const caller = input({ placeholder: "owner" });
  const args = area({ rows: 2, class: "mono" });
  const answer = el("div", { role: "status" });
  const run = async () => {
    const typed = args.value.trim();
    const what = typed ? wrongJson(typed) : null;
    complain(args, what);
    if (what) return args.focus();
    const optional = { arguments: typed ? new Exact(typed) : undefined, caller: caller.value.trim() || undefined };
    const { verdict, rules, enabled } = await rpc.call("connectors.policy.explain", {
      slug: pick.slug.value,
      tool: pick.tool.value,
      ...optional,
    });
    refill(
      answer,
      el(
        "div.card.answer",
        {},
        badge(verdictOf(verdict)),
        rules.length ? rules.map(ruleLine) : el("p", {}, "No rule is about this call."),
        !enabled && el("p", {}, "The tool is off, so it cannot be called in any case."),
      ),
    );
  };
  const node = form(
    [
      field("Connector", pick.slug),
      field("Tool", pick.tool),
      field("Who asks", caller, { optional: true }),
      field("Arguments as JSON", args, { optional: true }),
    ],
    { submit: "What would happen?", run, kind: "" },
  );
  return { node: el("div.card", {}, node, answer), list: pick.list };
}

export async function policy() {
  const rules = el("div", {});
  async function look() {
    const { path, problem: broken, rules: all } = await rpc.call("connectors.policy.list");
    const none = empty("There are no rules: every tool that is on may be called.");
    refill(
      rules,
      broken &&
        el(
          "div.problem",
          { role: "alert" },
          el("p.strong", {}, "The policy cannot be used, so every call is denied."),
          ruleLine(broken),
        ),
      all.length
        ? el(
            "ul.card.lines",
            {},
            all.map((rule) => row(rule, look)),
          )
        : !broken && none,
      el("p.soft", {}, "The file is ", theirs(path, "code"), ". Other kinds of rules are written there."),
    );
  }
  await look();
  const { connectors } = await rpc.call("connectors.list");
  const [add, why] = [adding(connectors, look), asking(connectors)];
  // Tools come when their server has answered; the rules are there at once.
  for (const one of [add, why]) one.list().catch(() => {});
  const heard = (method) => method === "connectors.policy_changed" && look().catch(() => {});
  const some = connectors.length > 0;
  const parts = [
    el(
      "section",
      {},
      el("h2", {}, "Rules"),
      el("p.soft", {}, "A denial is stronger than a question, and a question stronger than a permission."),
      rules,
    ),
    some && el("section", {}, el("h2", {}, "Add a rule"), add.node),
    some && el("section", {}, el("h2", {}, "Ask why"), why.node),
  ];
  return { title: "Policy", parts, heard };
}
