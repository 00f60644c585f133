// A JSON Schema as a person reads it: each member with its type, whether it must be given, and what it is.

import { el } from "./dom.js";
import { theirs } from "./parts.js";
import { resolve } from "./schema.js";

/** Deeper than this the schema itself says more than a list of it. */
const DEEPEST = 4;

/** A type in words. */
function typeOf(schema) {
  if (schema === true || schema === undefined) return "anything";
  if (schema === false) return "nothing";
  if (schema.const !== undefined) return `always ${JSON.stringify(schema.const)}`;
  if (schema.enum) return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`;
  const kinds = [schema.type ?? []].flat();
  if (kinds.includes("array")) return `list of ${typeOf(schema.items)}`;
  if (kinds.length) return kinds.map((kind) => (kind === "integer" ? "whole number" : kind)).join(" or ");
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return several.map((one) => (one?.$ref ? one.$ref.split("/").pop() : typeOf(one))).join(" or ");
  return schema.properties ? "object" : "anything";
}

/** What a value has to be beside its type. */
function bounds(schema) {
  const says = [
    ["format", (value) => value],
    ["minimum", (value) => `at least ${value}`],
    ["exclusiveMinimum", (value) => `more than ${value}`],
    ["maximum", (value) => `at most ${value}`],
    ["exclusiveMaximum", (value) => `less than ${value}`],
    ["multipleOf", (value) => `a multiple of ${value}`],
    ["minLength", (value) => `at least ${value} long`],
    ["maxLength", (value) => `at most ${value} long`],
    ["pattern", (value) => `like ${value}`],
    ["minItems", (value) => `at least ${value} of them`],
    ["maxItems", (value) => `at most ${value} of them`],
    ["default", (value) => `${JSON.stringify(value)} if left out`],
  ];
  return says.filter(([key]) => schema[key] !== undefined).map(([key, say]) => say(schema[key]));
}

function members(root, schema, depth) {
  const required = new Set(schema.required ?? []);
  return el(
    "ul.schema",
    {},
    Object.entries(schema.properties).map(([name, raw]) => {
      const member = resolve(root, raw);
      const items = member?.type === "array" ? resolve(root, member.items) : null;
      const inner = [member, items].find((part) => part?.properties);
      return el(
        "li",
        {},
        el(
          "p",
          {},
          theirs(name, "code"),
          " ",
          theirs(typeOf(member), "span.soft"),
          required.has(name) && el("span.strong", {}, " · needed"),
        ),
        member?.description && el("p.prose", {}, theirs(member.description)),
        member && bounds(member).length > 0 && el("p.soft", {}, theirs(bounds(member).join(", "))),
        inner && depth < DEEPEST && members(root, inner, depth + 1),
      );
    }),
  );
}

/** Lists what an object has. */
export function schemaTable(schema) {
  const whole = resolve(schema, schema);
  if (!whole?.properties || !Object.keys(whole.properties).length) {
    return el("p.soft", {}, whole?.type === "object" || !whole ? "Nothing in particular." : theirs(typeOf(whole)));
  }
  return members(schema, whole, 0);
}
