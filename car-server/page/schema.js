// Reading JSON Schemas as far as a form needs: references, what is merged, what can be null, and what a value must be.

/** More references than this in a row go round in circles. */
const MOST_HOPS = 16;

/** Looks a pointer such as `#/$defs/place` up. */
function pointed(root, pointer) {
  if (pointer === "#") return root;
  if (!pointer.startsWith("#/")) return undefined;
  const steps = pointer
    .slice(2)
    .split("/")
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce((at, step) => (at && Object.hasOwn(at, step) ? at[step] : undefined), root);
}

/**
 * Returns the schema that is meant: references followed, `allOf` merged as far as members go, and a choice between
 * something and null as that something with `nullable`. What cannot be followed is `{}`, which allows anything.
 */
export function resolve(root, schema) {
  let at = schema;
  for (let hops = 0; at && typeof at === "object" && typeof at.$ref === "string"; hops += 1) {
    if (hops === MOST_HOPS) return {};
    const { $ref, ...beside } = at;
    const target = pointed(root, $ref);
    if (target === undefined) return {};
    at = typeof target === "object" ? { ...target, ...beside } : target;
  }
  if (!at || typeof at !== "object") return at === false ? false : {};
  if (Array.isArray(at.allOf)) at = merged(root, at);
  const several = at.anyOf ?? at.oneOf;
  if (Array.isArray(several)) {
    const real = several.filter((one) => one?.type !== "null");
    if (real.length === 1 && real.length < several.length) {
      const { anyOf, oneOf, ...beside } = at;
      return { ...resolve(root, real[0]), ...beside, nullable: true };
    }
  }
  if (Array.isArray(at.type) && at.type.includes("null") && at.type.length === 2) {
    return { ...at, type: at.type.find((kind) => kind !== "null"), nullable: true };
  }
  return at;
}

function merged(root, { allOf, ...whole }) {
  const out = { ...whole };
  for (const part of allOf) {
    const one = resolve(root, part) || {};
    const { properties, required, ...rest } = one;
    Object.assign(out, { ...rest, ...out });
    if (properties) out.properties = { ...properties, ...out.properties };
    if (required) out.required = [...new Set([...(out.required ?? []), ...required])];
  }
  return out;
}

/** Returns the values that can be chosen from, as `[value, label]`, or null. */
export function choices(schema) {
  if (Array.isArray(schema.enum))
    return schema.enum.map((value) => [value, typeof value === "string" ? value : JSON.stringify(value)]);
  if (schema.const !== undefined) return [[schema.const, String(schema.title ?? JSON.stringify(schema.const))]];
  const several = schema.oneOf ?? schema.anyOf;
  if (!several?.length || !several.every((one) => one?.const !== undefined)) return null;
  return several.map((one) => [one.const, one.title ?? String(one.const)]);
}

const FORMATS = {
  date: [/^\d{4}-\d{2}-\d{2}$/, "a date such as 2026-03-31"],
  "date-time": [
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i,
    "a time such as 2026-03-31T09:00:00Z",
  ],
  email: [/^[^\s@]+@[^\s@]+$/, "an address such as ada@example.com"],
  uri: [/^[a-z][a-z0-9+.-]*:\S+$/i, "a URL such as https://example.com/"],
  uuid: [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, "a UUID"],
};

/** Says what is wrong with a text, or returns null. */
export function wrongText(schema, text) {
  const { minLength = 0, maxLength = Infinity, pattern, format } = schema;
  const length = [...text].length;
  if (length < minLength) return `Expected at least ${minLength} characters, found ${length}.`;
  if (length > maxLength) return `Expected at most ${maxLength} characters, found ${length}.`;
  const known = FORMATS[format];
  if (known && !known[0].test(text)) return `Expected ${known[1]}.`;
  if (pattern !== undefined && !fits(pattern, text)) return `Expected something like ${pattern}.`;
  return null;
}

/** A pattern that this browser cannot read is left to the daemon, which checks everything again. */
function fits(pattern, text) {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

/** Says what is wrong with a number as it was typed, or returns null. */
export function wrongNumber(schema, text) {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return "Expected a number such as 12 or -0.5.";
  const value = Number(text);
  if (schema.type === "integer" && !/^-?\d+$/.test(text) && !Number.isInteger(value)) return "Expected a whole number.";
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below, multipleOf: step } = schema;
  if (minimum !== undefined && value < minimum) return `Expected at least ${minimum}.`;
  if (maximum !== undefined && value > maximum) return `Expected at most ${maximum}.`;
  if (typeof above === "number" && value <= above) return `Expected more than ${above}.`;
  if (typeof below === "number" && value >= below) return `Expected less than ${below}.`;
  const parts = value / step;
  if (step > 0 && Math.abs(parts - Math.round(parts)) > 1e-9 * Math.max(1, Math.abs(parts)))
    return `Expected a multiple of ${step}.`;
  return null;
}
