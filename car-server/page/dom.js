// Elements. Text is always text: nothing here, and nothing anywhere else in the page, is read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** Icons, drawn on 16 by 16. They go with a word, never alone. */
const PATHS = {
  check: "M3 8.5l3.2 3L13 4.5",
  clock: "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM8 4.5V8l2.5 2",
  dot: "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11z",
  key: "M6 6.5a3 3 0 1 0 .01 0zM8.2 7.8L14 2M11 5l2 2",
  warning: "M8 2L15 14H1zM8 6.5v3.5M8 12v.2",
  stop: "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM3.5 3.5l9 9",
  hand: "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM6 6a2 2 0 1 1 2.6 2c-.5.2-.6.6-.6 1.2M8 11.5v.2",
  plus: "M8 2.5v11M2.5 8h11",
  change: "M2 5h10l-3-3M14 11H4l3 3",
};

let count = 0;

/** Returns an id that nothing else has. */
export function id() {
  count += 1;
  return `e${count}`;
}

/**
 * Makes an element: `el("p.soft", { hidden: true }, "text", child)`. Names with a hyphen, and `role`, `for` and `list`
 * become attributes, `on…` listeners, `class` adds classes, everything else is set as a property. Children that are
 * null or false are left out.
 */
export function el(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.classList.add(...classes);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.classList.add(...value.split(" ").filter(Boolean));
    else if (name.includes("-") || ["role", "for", "list"].includes(name)) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Makes an icon; those who do not see it read the word beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 16 16",
    "aria-hidden": "true",
    focusable: "false",
    class: "icon",
  })) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/**
 * Puts new children into an element. What was focused, and what was unfolded, is so again if the new children have
 * something with the same `data-key`. Where nothing differs, nothing is touched: somebody may be pressing a key there.
 */
export function refill(parent, ...children) {
  const wanted = children.flat(Infinity).filter(Boolean);
  const isSame = (node, place) => node instanceof Node && node.isEqualNode(parent.childNodes[place]);
  if (wanted.length === parent.childNodes.length && wanted.every(isSame)) return;
  const active = document.activeElement;
  const wasInside = parent.contains(active) && parent !== active;
  const focused = wasInside ? active.closest("[data-key]")?.dataset.key : undefined;
  const unfolded = new Set([...parent.querySelectorAll("details[open][data-key]")].map((node) => node.dataset.key));
  parent.replaceChildren(...wanted);
  for (const node of parent.querySelectorAll("details[data-key]")) {
    if (unfolded.has(node.dataset.key)) node.open = true;
  }
  if (!wasInside) return;
  const again = focused && parent.querySelector(`[data-key="${CSS.escape(focused)}"]`);
  (again || document.querySelector("main h1"))?.focus({ preventScroll: true });
}

/** Makes a link into the page: `href("connectors", slug)`. */
export function href(...parts) {
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

/** Goes to a place in the page. */
export function go(...parts) {
  location.hash = href(...parts);
}
