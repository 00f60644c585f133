// The frame around the views: which one is shown, what of it is told to those who do not see it, and the connection.

import { access } from "./access.js";
import { about } from "./about.js";
import { add } from "./add.js";
import { approvals } from "./approvals.js";
import { connector } from "./connector.js";
import { connectors } from "./connectors.js";
import { el, href, refill } from "./dom.js";
import { log } from "./log.js";
import { hush, problem, say } from "./parts.js";
import { policy } from "./policy.js";
import { enter, isLetIn, rpc } from "./rpc.js";
import { changed } from "./changed.js";
import { tool } from "./tool.js";
import { callerOf, many } from "./words.js";

/** The views of the menu. */
const VIEWS = [
  ["connectors", "Connectors", connectors],
  ["approvals", "Approvals", approvals],
  ["policy", "Policy", policy],
  ["log", "Log", log],
  ["access", "Access", access],
  ["daemon", "Daemon", about],
];

/** A view that takes longer says so. */
const SLOW_MS = 500;

const main = document.getElementById("main");
const nav = document.getElementById("views");
const menu = document.getElementById("menu");
const link = document.getElementById("link");

/** The view that is shown, and a number that tells whether it still is. */
let shown = null;
let turn = 0;
let waiting = 0;
let title = "";

/** Reads a part of an address; one that somebody has broken is taken as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Finds the view of an address: `[its place in the menu, what makes it]`. */
function find(address) {
  const [first = "connectors", ...rest] = address.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  if (first === "add") return ["connectors", () => add(rest[0])];
  if (first === "connectors" && rest.length) {
    const [slug, what, name] = rest;
    if (what === "tools" && name !== undefined) return ["connectors", () => tool(slug, name)];
    if (what === "changed") return ["connectors", () => changed(slug)];
    return ["connectors", () => connector(slug)];
  }
  const view = VIEWS.find(([place]) => place === first) ?? VIEWS[0];
  return [view[0], view[2]];
}

/** Shows the view of the address. A view is `{ title, parts, heard?, left? }`. */
async function show() {
  turn += 1;
  const mine = turn;
  const [place, make] = find(location.hash);
  for (const entry of nav.querySelectorAll("a")) {
    if (entry.dataset.key === place) entry.setAttribute("aria-current", "page");
    else entry.removeAttribute("aria-current");
  }
  fold(true);
  hush();
  main.setAttribute("aria-busy", "true");
  const slow = setTimeout(() => waitingFor("Waiting for the answer…"), SLOW_MS);
  let view;
  try {
    view = await make();
  } catch (error) {
    view = {
      title: "This could not be shown",
      parts: [problem(error), el("p", {}, el("a", { href: href("connectors") }, "To the connectors"))],
    };
  }
  clearTimeout(slow);
  if (mine !== turn) return view.left?.();
  waitingFor("");
  main.removeAttribute("aria-busy");
  shown?.left?.();
  shown = view;
  title = view.title;
  name();
  const heading = el("h1", { tabIndex: -1 }, view.title);
  main.replaceChildren(...[view.before, heading, ...view.parts].flat(Infinity).filter(Boolean));
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Names the tab after what is shown, and what waits. */
function name() {
  document.title = `${waiting ? `(${waiting}) ` : ""}${title} · CAR Connectors`;
}

const counted = () => el("span.count", {}, `${waiting}`, el("span.unseen", {}, " waiting"));

function fillMenu() {
  const entries = VIEWS.map(([place, label]) => {
    const is = place === "approvals" && waiting > 0;
    return el("li", {}, el("a", { href: href(place), "data-key": place }, label, is && counted()));
  });
  const current = nav.querySelector("[aria-current]")?.dataset.key;
  refill(nav, el("ul", {}, entries));
  nav.querySelector(`[data-key="${current}"]`)?.setAttribute("aria-current", "page");
}

function fold(isFolded) {
  menu.setAttribute("aria-expanded", String(!isFolded));
  nav.classList.toggle("folded", isFolded);
}

/** Counts the calls that wait for a person. */
async function count() {
  const { pending } = await rpc.call("connectors.approvals.list");
  waiting = pending.length;
  fillMenu();
  name();
  menu.replaceChildren("Menu", ...(waiting ? [counted()] : []));
}

/** Tells what happens also where another view is shown. */
function tell(method, params) {
  if (method === "connectors.approval_requested" && shown?.title !== "Approvals") {
    say(
      `${callerOf(params.caller)} wants to call ${params.tool} of ${params.connector}. It waits for you under Approvals.`,
      { stays: true },
    );
  }
  if (method.startsWith("connectors.approval_")) count().catch(() => {});
}

/** Says beside the name of the page what is waited for. */
function waitingFor(text) {
  link.textContent = text;
}

function linked(state) {
  waitingFor(state === "lost" ? "Connection lost. Trying again…" : "");
  document.body.classList.toggle("lost", state === "lost");
  if (state === "refused")
    outside("This tab is not let in any more: the daemon was started again, or it was idle for long.");
  if (state !== "open") return;
  nav.hidden = false;
  menu.hidden = false;
  fillMenu();
  const isThere = location.hash === href("approvals");
  count().then(
    () =>
      waiting &&
      !isThere &&
      say(`${many(waiting, "call waits", "calls wait")} for you under Approvals.`, { stays: true }),
    () => {},
  );
  if (shown) missed();
  else show();
}

/** After a lost connection: what is shown is brought up to date in its place, so that nothing that was typed is lost. */
function missed() {
  const all = [
    "connectors.changed",
    "connectors.policy_changed",
    "connectors.access_changed",
    "connectors.approval_settled",
    "connectors.events_appended",
  ];
  for (const method of all) shown.heard?.(method, { what: "missed" });
}

/** What is shown to somebody without a token. */
function outside(why) {
  turn += 1;
  shown?.left?.();
  shown = null;
  nav.hidden = true;
  menu.hidden = true;
  document.title = "Not let in · CAR Connectors";
  const how = el(
    "p",
    {},
    "In a terminal, run ",
    el("code", {}, "car ui"),
    ". It opens this page with a code that works once.",
  );
  main.replaceChildren(
    el("h1", { tabIndex: -1 }, "Open this page with car ui"),
    el("div.card", {}, why && el("p", {}, why), how),
  );
}

menu.addEventListener("click", () => fold(menu.getAttribute("aria-expanded") === "true"));
document.getElementById("skip").addEventListener("click", (event) => {
  // The address is the view's; the skip link must not change it.
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("code")) return start();
  if (!nav.hidden) show();
});
rpc.addEventListener("link", ({ detail }) => linked(detail));
rpc.addEventListener("notice", ({ detail: { method, params, text } }) => {
  tell(method, params);
  shown?.heard?.(method, params, text);
});

async function start() {
  const wrong = await enter();
  if (isLetIn()) rpc.connect();
  else outside(wrong);
}

start();
