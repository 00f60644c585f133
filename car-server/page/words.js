// What things are called: states, outcomes, times. Every state has a word and an icon, never a colour alone.

/** States of a connector: the word, the icon, the tone. */
const STATES = {
  ready: ["Ready", "check", "good"],
  connecting: ["Connecting", "clock", "plain"],
  not_connected: ["Not contacted yet", "dot", "plain"],
  needs_sign_in: ["Sign-in needed", "key", "warn"],
  failed: ["Failed", "warning", "bad"],
  untrusted: ["Not trusted yet", "hand", "warn"],
  shadowed: ["Hidden by yours", "dot", "plain"],
  unusable: ["Cannot be used", "warning", "bad"],
};

export const stateOf = (state) => STATES[state] ?? [state, "dot", "plain"];

/** What the log says of a call or a decision. */
const OUTCOMES = {
  ok: ["Done", "check", "good"],
  allow: ["Allowed", "check", "plain"],
  ask: ["Asked a person", "hand", "warn"],
  deny: ["Denied", "stop", "bad"],
  denied: ["Denied", "stop", "bad"],
  tool_error: ["Tool failed", "warning", "bad"],
  invalid_arguments: ["Arguments do not fit", "warning", "bad"],
  invalid_result: ["Result does not fit", "warning", "bad"],
  not_routed: ["Not enabled", "stop", "bad"],
  rate_limited: ["Too often", "clock", "warn"],
  cancelled: ["Cancelled", "stop", "plain"],
  timed_out: ["Took too long", "clock", "bad"],
};

/** What the policy says of a call that nobody has made yet. */
const VERDICTS = {
  allow: ["Allowed", "check", "good"],
  ask: ["A person is asked", "hand", "warn"],
  deny: ["Denied", "stop", "bad"],
};

export const verdictOf = (word) => VERDICTS[word] ?? outcomeOf(word);

export const outcomeOf = (word) => OUTCOMES[word] ?? [plain(word ?? "note"), "dot", "plain"];

/** Rules of the policy. */
const RULES = {
  deny_tool: "Deny a tool",
  deny_connector: "Deny a connector",
  deny_tool_param: "Deny a parameter",
  ask: "Ask a person",
  allow_tool: "Allow only these tools",
  allow_connector: "Allow only these connectors",
  tool_permission: "The tool asks",
  broken_policy: "The policy cannot be read",
};

export const ruleOf = (kind) => RULES[kind] ?? plain(kind);

/** Who asks, in words. */
export function callerOf(who) {
  if (who === "owner") return "this machine’s owner";
  if (who === "page") return "this page";
  return who?.startsWith("token:") ? `token “${who.slice(6)}”` : (who ?? "unknown");
}

/** Makes a word of a machine a word of a person. */
export function plain(word) {
  const text = String(word).replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** Reads RFC 3339, or seconds since 1970. */
const date = (time) => new Date(typeof time === "number" ? time * 1_000 : time);

/** A time in full. */
export const when = (time) => TIME.format(date(time));

/** A time today as a clock shows it, another in full. */
export function clock(time) {
  const is = date(time);
  return is.toDateString() === new Date().toDateString() ? CLOCK.format(is) : TIME.format(is);
}

/** A length of time, as a person says it. */
export function lasting(milliseconds) {
  if (milliseconds < 1_000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1_000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `1 tool`, `2 tools`. */
export const many = (count, one, more = `${one}s`) => `${count} ${count === 1 ? one : more}`;
