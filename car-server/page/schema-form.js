// A form made from a JSON Schema. What no form can be made of is written as JSON; what is left empty is left out.
//
// A part of a form is `{ node, read, fill }`. `read(wrong)` returns its value, or `undefined` where it was left out, and
// adds to `wrong` what does not fit, as `[input, text]`. `fill(value)` shows a value.

import { el } from "./dom.js";
import { Exact, encode } from "./exact.js";
import { area, button, choice, field, input, theirs } from "./parts.js";
import { choices, resolve, wrongNumber, wrongText } from "./schema.js";

/** Deeper than this a form is harder to read than JSON. */
const DEEPEST = 5;

/** Makes the part for a schema. `name` is what a person reads, `needed` whether it must be given. */
export function part(root, raw, name, needed, depth = 0) {
  const schema = resolve(root, raw);
  const about = {
    name: schema?.title && schema.title !== name ? `${name}: ${schema.title}` : name,
    needed,
    schema: schema || {},
  };
  if (schema && choices(schema)) return chosen(about, choices(schema));
  const kind = schema?.type ?? (schema?.properties && "object");
  if (kind === "string") return text(about);
  if (kind === "number" || kind === "integer") return number(about);
  if (kind === "boolean")
    return chosen(about, [
      [true, "Yes"],
      [false, "No"],
    ]);
  if (depth < DEEPEST && kind === "object" && schema.properties) return object(root, about, depth);
  if (depth < DEEPEST && kind === "array" && schema.items && !Array.isArray(schema.items))
    return list(root, about, depth);
  return json(about);
}

const NEEDED = "This is needed.";

/** Sets an input with its label; `needed` is told to those who do not see the star. */
function labelled({ name, needed, schema }, control, more) {
  if (needed) control.setAttribute("aria-required", "true");
  const words = [schema.description, more].filter(Boolean).join(" ");
  const label = [theirs(name, "span.mono"), needed ? el("span.needed", { "aria-hidden": "true" }, " *") : null];
  return field(label, control, { hint: words ? theirs(words) : null });
}

function text(about) {
  const { schema, needed } = about;
  const isShort = schema.format || (schema.maxLength ?? Infinity) <= 200;
  const control = isShort ? input() : area({ rows: 1 });
  const fill = (value) => {
    control.value = value ?? "";
  };
  fill(schema.default);
  const read = (wrong) => {
    if (control.value === "") {
      if (needed) wrong.push([control, NEEDED]);
      return undefined;
    }
    const what = wrongText(schema, control.value);
    if (what) wrong.push([control, what]);
    return control.value;
  };
  return { node: labelled(about, control), read, fill };
}

function number(about) {
  const { schema, needed } = about;
  const control = input({ inputMode: schema.type === "integer" ? "numeric" : "decimal", class: "narrow" });
  const fill = (value) => {
    control.value = value === undefined || value === null ? "" : encode(value);
  };
  fill(schema.default);
  const read = (wrong) => {
    const typed = control.value.trim();
    if (typed === "") {
      if (needed) wrong.push([control, NEEDED]);
      return undefined;
    }
    const what = wrongNumber(schema, typed);
    if (what) wrong.push([control, what]);
    // A number that would be rounded is sent as it was typed.
    return String(Number(typed)) === typed ? Number(typed) : new Exact(typed);
  };
  const kind = schema.type === "integer" ? "A whole number." : "A number.";
  return { node: labelled(about, control, schema.description ? null : kind), read, fill };
}

function chosen(about, options) {
  const { schema, needed } = about;
  const none = needed && schema.default === undefined ? "Choose one" : "Leave out";
  const control = choice([["", none], ...options.map(([, label], place) => [String(place), label])]);
  const fill = (value) => {
    const place = options.findIndex(([option]) => encode(option) === encode(value));
    control.value = place < 0 ? "" : String(place);
  };
  fill(schema.default ?? (needed && schema.const !== undefined ? schema.const : undefined));
  const read = (wrong) => {
    if (control.value !== "") return options[Number(control.value)][0];
    if (needed) wrong.push([control, NEEDED]);
    return undefined;
  };
  return { node: labelled(about, control), read, fill };
}

function json(about) {
  const control = area({ rows: 2, class: "mono" });
  const fill = (value) => {
    control.value = value === undefined ? "" : JSON.stringify(value, null, 2);
  };
  fill(about.schema.default);
  const read = (wrong) => {
    if (control.value.trim() === "") {
      if (about.needed) wrong.push([control, NEEDED]);
      return undefined;
    }
    const what = wrongJson(control.value);
    if (what) wrong.push([control, what]);
    return new Exact(control.value.trim());
  };
  return { node: labelled(about, control, "Written as JSON."), read, fill };
}

/** Says what is wrong with JSON, or returns null. */
export function wrongJson(typed) {
  try {
    JSON.parse(typed);
    return null;
  } catch (error) {
    return `Expected JSON: ${error.message}.`;
  }
}

/** Parts for the members of an object, those that are needed first. */
export function members(root, schema, depth) {
  const required = new Set(schema.required ?? []);
  const entries = Object.entries(schema.properties ?? {});
  entries.sort(([one], [other]) => required.has(other) - required.has(one));
  const parts = entries.map(([name, raw]) => [name, part(root, raw, name, required.has(name), depth + 1)]);
  const read = (wrong) => {
    const given = parts.map(([name, one]) => [name, one.read(wrong)]).filter(([, value]) => value !== undefined);
    return Object.fromEntries(given);
  };
  const fill = (value) => parts.forEach(([name, one]) => one.fill(value?.[name]));
  return { nodes: parts.map(([, one]) => one.node), read, fill };
}

function object(root, about, depth) {
  const { name, needed, schema } = about;
  const inner = members(root, schema, depth);
  const read = (wrong) => {
    const mine = [];
    const value = inner.read(mine);
    // One that can be left out is left out as a whole, whatever its own members need.
    if (!needed && Object.keys(value).length === 0) return undefined;
    wrong.push(...mine);
    return value;
  };
  const legend = el("legend", {}, theirs(name, "span.mono"), !needed && el("span.soft", {}, " (can be left out)"));
  const node = el("fieldset", {}, legend, schema.description && theirs(schema.description, "p.hint"), inner.nodes);
  return { node, read, fill: inner.fill };
}

function list(root, about, depth) {
  const { name, needed, schema } = about;
  const items = el("div.items", {});
  let parts = [];
  function add(value, { focus = false } = {}) {
    const place = parts.length + 1;
    const one = part(root, schema.items, `${name} ${place}`, true, depth + 1);
    if (value !== undefined) one.fill(value);
    const remove = button(
      "Remove",
      () => {
        parts = parts.filter((other) => other.one !== one);
        row.remove();
        more.focus();
      },
      { about: `${name} ${place}` },
    );
    const row = el("div.item", {}, one.node, remove);
    parts.push({ one, row });
    items.append(row);
    if (focus) row.querySelector("input, textarea, select")?.focus();
  }
  const more = button("Add one", () => add(undefined, { focus: true }), { mark: "plus", about: name });
  const wrongHere = el("p.wrong", { hidden: true });
  more.classList.add("start");
  const fill = (value) => {
    parts = [];
    items.replaceChildren();
    if (Array.isArray(value)) value.forEach((item) => add(item));
  };
  fill(schema.default);
  const read = (wrong) => {
    const least = schema.minItems ?? 0;
    if (parts.length === 0 && !needed) return undefined;
    if (parts.length < least) wrong.push([more, `Expected at least ${least}.`]);
    if (parts.length > (schema.maxItems ?? Infinity)) wrong.push([more, `Expected at most ${schema.maxItems}.`]);
    return parts.map(({ one }) => one.read(wrong) ?? null);
  };
  const legend = el(
    "legend",
    {},
    theirs(name, "span.mono"),
    needed ? el("span.needed", { "aria-hidden": "true" }, " *") : el("span.soft", {}, " (can be left out)"),
  );
  const node = el(
    "fieldset",
    {},
    legend,
    schema.description && theirs(schema.description, "p.hint"),
    items,
    el("div.adding", {}, more, wrongHere),
  );
  return { node, read, fill };
}
