// The event log, newest first: live, searched, and further back page by page.

import { el, refill } from "./dom.js";
import { indent } from "./exact.js";
import { badge, button, choice, empty, facts, field, input, problem, say, theirs, tick } from "./parts.js";
import { rpc } from "./rpc.js";
import { callerOf, clock, lasting, many, outcomeOf, plain, when } from "./words.js";

/** Records of one page. */
const PAGE = 50;
/** So many are kept while new ones come; older ones are read again when they are wanted. */
const MOST = 500;
/** How long is waited for the next key before the log is searched. */
const PAUSE_MS = 250;

const OUTCOMES = [
  "ok",
  "allow",
  "ask",
  "deny",
  "tool_error",
  "invalid_arguments",
  "not_routed",
  "rate_limited",
  "timed_out",
  "cancelled",
];

function row(record) {
  const { seq, time, kind, who, connector, tool, method, note } = record;
  const what = tool ?? method ?? note ?? plain(kind);
  const about = [who && callerOf(who), record.duration_ms !== undefined && lasting(record.duration_ms)]
    .filter(Boolean)
    .join(" · ");
  const { arguments: args } = record;
  return el(
    "li",
    {},
    el(
      "details.record",
      { "data-key": `record-${seq}` },
      el(
        "summary",
        {},
        el("span.time", {}, clock(time)),
        badge(outcomeOf(record.outcome ?? record.verdict ?? kind)),
        el("span.what", {}, connector && theirs(`${connector} `, "span.soft"), theirs(what, "span.mono")),
        theirs(about, "span.soft"),
      ),
      facts([
        ["Number", String(seq)],
        ["Time", when(time)],
        ["Kind", plain(kind)],
        ["Who", who && theirs(who)],
        ["Connector", connector && theirs(connector)],
        ["Tool", tool && theirs(tool, "code")],
        ["For models", record.canonical && theirs(record.canonical, "code")],
        ["Method", method && theirs(method, "code")],
        ["Verdict", record.verdict],
        [
          "Rule",
          record.rule && [
            theirs(record.rule, "code"),
            record.rule_location && [" at ", theirs(record.rule_location, "code")],
          ],
        ],
        ["Outcome", record.outcome],
        ["Took", record.duration_ms !== undefined && lasting(record.duration_ms)],
        ["Trace", record.trace_id && theirs(record.trace_id, "code")],
        ["Note", note && theirs(note)],
      ]),
      args !== undefined &&
        el("pre", { tabIndex: 0, role: "region", "aria-label": "Arguments" }, theirs(indent(JSON.stringify(args)))),
    ),
  );
}

export async function log() {
  const { connectors } = await rpc.call("connectors.list");
  const text = input({ type: "search" });
  const connector = choice([["", "All"], ...connectors.map(({ slug, name }) => [slug, name])]);
  const outcome = choice([["", "All"], ...OUTCOMES.map((word) => [word, outcomeOf(word)[0]])]);
  const tool = input();
  const who = input({ placeholder: "token:name" });
  const live = tick("Show new records as they come", { checked: true });
  const list = el("ol.card.lines.records", {});
  const state = el("p.soft", { role: "status" });
  const older = el("div.actions", {});
  let records = [];
  let next;
  let oldest;
  let turn = 0;

  const filter = () => {
    const wanted = { text, connector, outcome, tool, who };
    return Object.fromEntries(Object.entries(wanted).map(([name, { value }]) => [name, value.trim() || undefined]));
  };

  function draw(more) {
    refill(list, records.map(row));
    list.hidden = records.length === 0;
    state.textContent = records.length ? `${many(records.length, "record")} shown, the newest first` : "";
    const back = button("Older records", further, { key: "older" });
    if (more) return refill(older, records.length === 0 && empty("No record matches so far."), back);
    const none = Object.values(filter()).some(Boolean)
      ? empty("No record matches.")
      : empty("Nothing has been recorded yet.", "Every call and every decision about one will be listed here.");
    refill(older, records.length === 0 ? none : el("p.soft", {}, "The log begins here."));
  }

  // A search stops after a while, whether it found enough or not, and says how far it came.
  function reached(page) {
    oldest = page.searched_to ?? records.at(-1)?.seq;
    return page.searched_to !== undefined || page.events.length === PAGE;
  }

  async function look() {
    turn += 1;
    const mine = turn;
    const page = await rpc.call("connectors.events.tail", { ...filter(), limit: PAGE });
    if (mine !== turn) return;
    records = page.events.toReversed();
    next = page.next;
    draw(reached(page));
  }

  async function further() {
    const page = await rpc.call("connectors.events.tail", { ...filter(), limit: PAGE, before: oldest });
    records.push(...page.events.toReversed());
    draw(reached(page));
  }

  async function newer() {
    if (!live.box.checked || next === undefined) return;
    const mine = turn;
    const page = await rpc.call("connectors.events.tail", { ...filter(), after: next, limit: PAGE });
    if (mine !== turn || next === page.next) return;
    next = page.next;
    if (!page.events.length) return;
    const hadMore = older.querySelector("button") !== null || records.length + page.events.length > MOST;
    const known = new Set(records.map(({ seq }) => seq));
    records = [...page.events.toReversed().filter(({ seq }) => !known.has(seq)), ...records].slice(0, MOST);
    if (records.length === MOST) oldest = records.at(-1).seq;
    draw(hadMore);
    if (page.events.length === PAGE) await newer();
  }

  let timer;
  const search = () => {
    clearTimeout(timer);
    timer = setTimeout(() => look().catch((error) => refill(older, problem(error))), PAUSE_MS);
  };
  for (const control of [text, connector, outcome, tool, who]) control.addEventListener("input", search);
  live.box.addEventListener("change", () => live.box.checked && look().catch(() => {}));
  const verify = async () => {
    const found = await rpc.call("connectors.events.verify");
    say(verified(found));
  };
  await look();
  const heard = (method) => method === "connectors.events_appended" && newer().catch(() => {});
  const filters = el(
    "div.filters",
    { role: "search", "aria-label": "The log" },
    field("Words", text),
    field("Connector", connector),
    field("Outcome", outcome),
    field("Tool", tool),
    field("Who", who),
  );
  const bar = el("div.row", {}, live, button("Check that nobody changed the log", verify));
  return { title: "Log", parts: [filters, bar, state, list, older], heard, left: () => clearTimeout(timer) };
}

/** What the check of the log says. */
function verified(found) {
  const wrong = found.problem ?? found.problems?.[0];
  if (wrong) return `The log was changed: ${typeof wrong === "string" ? wrong : JSON.stringify(wrong)}`;
  return `Nobody changed the log${found.records === undefined ? "" : `: ${many(found.records, "record")} were checked`}.`;
}
