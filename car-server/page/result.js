// What a tool answered: texts, pictures, data, and what else there was.

import { el } from "./dom.js";
import { at, indent } from "./exact.js";
import { badge, folded, theirs } from "./parts.js";
import { lasting, outcomeOf } from "./words.js";

/** Pictures that a browser draws without carrying anything out. */
const PICTURES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
/** Longer texts are cut; the whole one is in the answer below. */
const LONGEST = 100_000;

const code = (text, label) => el("pre", { tabIndex: 0, role: "region", "aria-label": label }, theirs(text));

function words(text) {
  const isLong = text.length > LONGEST;
  return [
    code(isLong ? text.slice(0, LONGEST) : text, "Text"),
    isLong && el("p.soft", {}, `Cut after ${LONGEST} of ${text.length} characters.`),
  ];
}

/** How many bytes base64 stands for. */
const size = (data) => `${Math.floor(((data ?? "").length * 3) / 4).toLocaleString()} bytes`;

function block(content) {
  const { type, text, data, mimeType, resource } = content;
  if (type === "text") return words(text ?? "");
  if (type === "image" && PICTURES.has(mimeType) && /^[A-Za-z0-9+/=\s]*$/.test(data ?? "")) {
    return el("img", {
      src: `data:${mimeType};base64,${data}`,
      alt: "A picture in the answer; the server gives no words for it",
    });
  }
  if (type === "image" || type === "audio")
    return el(
      "p",
      {},
      `${type === "image" ? "A picture" : "A recording"} of the kind `,
      theirs(mimeType, "code"),
      `, ${size(data)}, not shown here.`,
    );
  if (type === "resource_link")
    return el("p", {}, "A link: ", theirs(content.title ?? content.name), " ", theirs(content.uri, "code"));
  if (type === "resource" && resource?.text !== undefined)
    return [el("p", {}, "A document: ", theirs(resource.uri, "code")), words(resource.text)];
  if (type === "resource")
    return el("p", {}, "A document: ", theirs(resource?.uri, "code"), `, ${size(resource?.blob)}`);
  return el("p", {}, "Something of the kind ", theirs(type, "code"), ", which is in the whole answer below.");
}

/** Shows an answer. `text` is the message as it came. */
export function outcome({ raw, is_error: isError, structured_content: data }, milliseconds, text) {
  const whole = at(text, ["result", "raw"]) ?? JSON.stringify(raw);
  const structured = at(whole, ["structuredContent"]);
  const blocks = Array.isArray(raw.content) ? raw.content : [];
  const state = isError ? ["The tool says that it failed", "warning", "bad"] : outcomeOf("ok");
  return el(
    "section.card.answer",
    { "aria-label": "Answer" },
    el("div.row", {}, badge(state), el("span.soft", {}, lasting(milliseconds))),
    blocks.map(block),
    data !== null && data !== undefined && structured && [el("h3", {}, "Data"), code(indent(structured), "Data")],
    blocks.length === 0 && !structured && el("p.soft", {}, "The answer is empty."),
    folded("The whole answer", "whole", code(indent(whole), "The whole answer")),
  );
}
