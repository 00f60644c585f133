// Parts that all views use: buttons, fields, badges, what went wrong, questions, what was said.

import { el, href, icon, id } from "./dom.js";
import { visible } from "./exact.js";
import { ruleOf } from "./words.js";

/** How long something that was said outlives going to another view: it may be about the view that is gone to. */
const SPOKEN_MS = 2_000;

/** Something that takes longer than this says that it does. */
const SLOW_MS = 500;

/** How long something that was said is shown. */
const SHOWN_MS = 8_000;
let leaving;

/** A word with an icon, in a tone. */
export const badge = ([word, mark, tone]) => el("span.badge", { class: tone }, icon(mark), word);

/** Text of strangers: shown as it is, with what would be invisible marked. */
export const theirs = (text, kind = "span") => el(`${kind}.theirs`, {}, visible(text ?? ""));

/** The same, with what stands between back-ticks set as code: that is how hints name commands. */
export const coded = (text) =>
  el(
    "span",
    {},
    text.split("`").map((piece, place) => theirs(piece, place % 2 ? "code" : "span")),
  );

/**
 * Says something to everybody, those who listen to a screen reader too. It goes after a while, when nobody is at it, or
 * `stays` until something else is said.
 */
export function say(text, { stays = false } = {}) {
  const said = document.getElementById("said");
  said.dataset.at = String(Date.now());
  clearTimeout(leaving);
  const leave = () => {
    if (said.matches(":hover, :focus-within")) leaving = setTimeout(leave, SHOWN_MS);
    else said.replaceChildren();
  };
  if (!stays) leaving = setTimeout(leave, SHOWN_MS);
  const close = el("button.quiet", { type: "button", onclick: () => said.replaceChildren() }, "Dismiss");
  said.replaceChildren(el("p", {}, visible(text)), close);
}

/** Takes back what was said some time ago, when the person goes on. */
export function hush() {
  const said = document.getElementById("said");
  if (Date.now() - Number(said.dataset.at) > SPOKEN_MS) said.replaceChildren();
}

/**
 * A button that does something that takes time. While it does, it cannot be pressed again; what goes wrong is shown after
 * it, or where `show` puts it. `key` keeps the focus where the button is made anew, `about` names what it is about to
 * those who do not see what it stands beside.
 */
export function button(label, run, { kind = "", mark, key, show, about, name } = {}) {
  const called = name ?? (about && `${label}: ${about}`);
  const node = el(
    "button",
    { type: "button", class: kind, "data-key": key, "aria-label": called },
    mark && icon(mark),
    label,
  );
  node.addEventListener("click", () => busy(node, run, show));
  return node;
}

/** Runs something for a control that was used. */
export async function busy(node, run, show = (error) => after(node, error)) {
  if (node.getAttribute("aria-disabled") === "true") return;
  node.setAttribute("aria-disabled", "true");
  node.setAttribute("aria-busy", "true");
  const working = el("span.soft", { role: "status" });
  node.after(working);
  const slow = setTimeout(() => working.append("Waiting for the answer…"), SLOW_MS);
  const near = node.closest("form, .actions, .card, section") ?? node;
  near.parentElement?.querySelectorAll(":scope > .problem").forEach((old) => old.remove());
  try {
    await run(node);
  } catch (error) {
    show(error);
  } finally {
    clearTimeout(slow);
    working.remove();
    node.removeAttribute("aria-disabled");
    node.removeAttribute("aria-busy");
  }
}

function after(node, error) {
  const near = node.closest("form, .actions, .card, section") ?? node;
  if (near.isConnected) near.after(problem(error));
  else document.querySelector("main h1")?.after(problem(error));
}

/** What went wrong: what, why, by which rule, and what to do. */
export function problem(error) {
  const { causes: all = [], hint, rule, rules } = error.data ?? {};
  const causes = [...new Set(all)].filter((cause) => cause !== error.message);
  const decided = rule ?? rules?.[0];
  // The message names the rule in one line; below it stands in its parts.
  const isByRule = error.kind === "denied" && typeof decided === "object";
  return el(
    "div.problem",
    { role: "alert" },
    el("p.strong", {}, icon("warning"), theirs(sentence(isByRule ? "the policy denies this call" : error.message))),
    causes.map((cause) => el("p", {}, theirs(sentence(cause)))),
    decided && ruleLine(decided),
    hint && el("p", {}, "What to do: ", coded(hint)),
    error.kind === "denied" && el("p", {}, el("a", { href: href("policy") }, "Look at the policy")),
  );
}

/** A rule of the policy with its place and reason. */
export function ruleLine(rule) {
  if (typeof rule === "string") return el("p", {}, "Rule: ", theirs(rule, "code"));
  return el(
    "p",
    {},
    `Rule: ${ruleOf(rule.kind)} `,
    rule.subject && theirs(rule.subject, "code"),
    rule.location && [", at ", theirs(rule.location, "code")],
    rule.reason && [". Reason: ", theirs(rule.reason)],
  );
}

/** Ends with a dot, and begins with a capital letter where it begins with a word. */
export function sentence(text) {
  const whole = /^[a-z]+[\s,;]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

/** An input with its label and a hint; errors go beside it with `complain`. */
export function field(label, input, { hint, optional } = {}) {
  input.id ||= id();
  const about = hint && el("p.hint", { id: `${input.id}-hint` }, hint);
  const wrong = el("p.wrong", { id: `${input.id}-wrong`, hidden: true });
  input.setAttribute("aria-describedby", [about?.id, wrong.id].filter(Boolean).join(" "));
  const text = el("label", { for: input.id }, label, optional && el("span.soft", {}, " (can be left out)"));
  return el("div.field", {}, text, about, input, wrong);
}

/** Says beside an input what is wrong with it; nothing takes it back. */
export function complain(input, what) {
  const wrong = document.getElementById(`${input.id}-wrong`) ?? input.parentElement.querySelector(".wrong");
  wrong.textContent = what ?? "";
  wrong.hidden = !what;
  if (what) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

export const input = (properties = {}) =>
  el("input", { type: "text", autocomplete: "off", spellcheck: false, ...properties });

export const area = (properties = {}) => el("textarea", { spellcheck: false, rows: 2, ...properties });

/** A choice of `[value, label]`. */
export const choice = (options, properties = {}) =>
  el(
    "select",
    properties,
    options.map(([value, label]) => el("option", { value }, label)),
  );

/** A box to tick with its label. */
export function tick(label, properties = {}) {
  const box = el("input", { type: "checkbox", ...properties, id: id() });
  return Object.assign(el("div.tick", {}, box, el("label", { for: box.id }, label)), { box });
}

/** A form: what `run` throws is shown below it. `run` may return false to leave the form as it is. */
export function form(parts, { submit, run, kind = "main", cancel }) {
  const send = el("button", { type: "submit", class: kind }, submit);
  const node = el("form.form", { noValidate: true }, parts, el("div.actions", {}, send, cancel));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    busy(send, () => run(node));
  });
  return node;
}

/** A question over the page. Returns whether it was confirmed. */
export function ask(title, parts, { yes, kind = "main", no = "Cancel" }) {
  return new Promise((resolve) => {
    const heading = el("h2", { id: id() }, title);
    const close = (answer) => () => dialog.close(answer);
    const confirm = el("button", { type: "button", class: kind, onclick: close("yes") }, yes);
    const refuse = el("button", { type: "button", onclick: close("no"), autofocus: true }, no);
    const dialog = el(
      "dialog",
      { "aria-labelledby": heading.id },
      heading,
      parts,
      el("div.actions", {}, confirm, refuse),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A box over the page that its parts close by themselves: `make` gets a function for that. */
export function box(title, make) {
  const heading = el("h2", { id: id() }, title);
  const dialog = el("dialog", { "aria-labelledby": heading.id }, heading);
  dialog.append(...[make(() => dialog.close())].flat().filter(Boolean));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Names and values, one beside the other. */
export function facts(rows) {
  const given = rows.filter(([, value]) => value || value === 0);
  return el(
    "dl.facts",
    {},
    given.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]),
  );
}

/** Text with a button that copies it. */
export function copied(text, name) {
  const copy = button(
    "Copy",
    async () => {
      await navigator.clipboard.writeText(text);
      say(`${name} was copied.`);
    },
    { about: name },
  );
  return el("div.copied", {}, el("pre", { tabIndex: 0, role: "region", "aria-label": name }, text), copy);
}

/** What to do where there is nothing. */
export const empty = (...parts) =>
  el(
    "div.empty",
    {},
    parts.map((part) => (typeof part === "string" ? el("p", {}, part) : part)),
  );

/** Something folded away. */
export const folded = (summary, key, ...parts) => el("details", { "data-key": key }, el("summary", {}, summary), parts);
