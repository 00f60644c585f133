// JSON as it was written. What a person agrees to has to be what is sent: reading it into values and writing it again
// would round large numbers, and of two members with one name would show one.

/** JSON text that goes into a message as it is. */
export class Exact {
  constructor(text) {
    this.text = text;
  }
}

/** Writes a value as JSON; an `Exact` in it stays as it is. */
export function encode(value) {
  if (value instanceof Exact) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => encode(item) ?? "null").join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).map(([name, member]) => [name, encode(member)]);
    const given = members.filter(([, text]) => text !== undefined);
    return `{${given.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Cuts JSON text into its tokens: strings, numbers and words whole, punctuation one by one, no white space. */
function tokens(text) {
  return text.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];
}

/** Sets JSON text in lines, without reading it into values. */
export function indent(text) {
  let out = "";
  let depth = 0;
  let last = "";
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const token of tokens(text)) {
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    if (closes ? last !== "{" && last !== "[" : last === "{" || last === "[" || last === ",") out += line();
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth += 1;
    last = token;
  }
  return out;
}

/** Returns the text of what stands under a path of names and places in valid JSON text; of members with one name the last. */
export function at(text, path) {
  const list = tokens(text);
  let place = 0;
  /** Returns where the value that begins at a token ends. */
  const end = (from) => {
    let depth = 0;
    for (let next = from; next < list.length; next += 1) {
      if (list[next] === "{" || list[next] === "[") depth += 1;
      if (list[next] === "}" || list[next] === "]") depth -= 1;
      if (depth === 0) return next + 1;
    }
    return list.length;
  };
  for (const step of path) {
    const isObject = list[place] === "{";
    let found = -1;
    let next = place + 1;
    for (let count = 0; next < list.length && list[next] !== "}" && list[next] !== "]"; count += 1) {
      const value = isObject ? next + 2 : next;
      if (isObject ? JSON.parse(list[next]) === step : count === step) found = value;
      next = end(value);
      if (list[next] === ",") next += 1;
    }
    if (found < 0) return undefined;
    place = found;
  }
  return list.slice(place, end(place)).join("");
}

/** Marks characters that cannot be seen or that turn text around, so that nothing hides in what a stranger wrote. */
export function visible(text) {
  const hidden =
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
  const mark = (character) => `[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;
  return String(text).replace(/\r\n/g, "\n").replace(hidden, mark);
}
