// Trying a tool: a form made from its schema, or JSON, and what it answers.

import { el, refill } from "./dom.js";
import { Exact, encode, indent } from "./exact.js";
import { area, busy, complain, field, problem } from "./parts.js";
import { outcome } from "./result.js";
import { rpc } from "./rpc.js";
import { members, wrongJson } from "./schema-form.js";
import { resolve } from "./schema.js";

/** The part for a whole tool. */
export function trial(slug, tool) {
  const schema = resolve(tool.input_schema, tool.input_schema) || {};
  const form = members(tool.input_schema, schema, 0);
  const hasForm = form.nodes.length > 0;
  const text = area({ rows: 8, class: "mono", value: "{}" });
  const asJson = field("Arguments as JSON", text);
  const asForm = el("div", {}, form.nodes);
  const answer = el("div", { role: "status" });
  const send = el("button.main", { type: "submit" }, "Call the tool");
  const other = el("button", { type: "button" }, "Write JSON instead");
  let isJson = false;

  /** Takes over what was typed so far. */
  function flip() {
    if (isJson) {
      const what = wrongJson(text.value);
      complain(text, what);
      if (what) return text.focus();
      form.fill(JSON.parse(text.value));
    } else {
      text.value = indent(encode(form.read([])));
    }
    isJson = !isJson;
    show();
    (isJson ? text : asForm.querySelector("input, textarea, select"))?.focus();
  }
  function show() {
    asForm.hidden = isJson;
    asJson.hidden = !isJson;
    other.textContent = isJson ? "Use the form instead" : "Write JSON instead";
  }
  other.addEventListener("click", flip);
  show();

  /** Returns the arguments, or nothing where something does not fit: then that is said, and the first is focused. */
  function read() {
    if (isJson) {
      const what = wrongJson(text.value);
      complain(text, what);
      if (what) text.focus();
      return what ? undefined : new Exact(text.value);
    }
    for (const control of asForm.querySelectorAll("[aria-invalid]")) complain(control, null);
    const wrong = [];
    const value = form.read(wrong);
    wrong.forEach(([control, what]) => complain(control, what));
    wrong[0]?.[0].focus();
    return wrong.length ? undefined : value;
  }

  async function call() {
    const given = read();
    if (given === undefined) return;
    refill(answer);
    const begun = performance.now();
    try {
      const { result, text: whole } = await rpc.call(
        "connectors.call_tool",
        { slug, tool: tool.name, arguments: given },
        { whole: true },
      );
      refill(answer, outcome(result, Math.round(performance.now() - begun), whole));
    } catch (error) {
      refill(answer, problem(error));
    }
  }

  const none = !hasForm && el("p.soft", {}, schema.type === "object" || !schema.type ? "It takes no arguments." : null);
  const node = el(
    "form.form.card",
    { noValidate: true, "aria-label": "Arguments" },
    none,
    asForm,
    asJson,
    el("div.actions", {}, send, other),
  );
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, call);
  });
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) node.requestSubmit();
  });
  return el(
    "section",
    {},
    el("h2", {}, "Try it"),
    !tool.enabled && el("p.note", {}, "It is off: turn it on before you try it."),
    node,
    answer,
  );
}
