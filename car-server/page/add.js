// Adding a connector: by the URL of a server, or by the command that starts one here. Finding one is in `find.js`.

import { el, go, href } from "./dom.js";
import { area, button, complain, field, form, input, say } from "./parts.js";
import { finder } from "./find.js";
import { rpc } from "./rpc.js";
import { signIn } from "./sign-in.js";

const WAYS = [
  ["url", "By URL", byUrl],
  ["command", "By command", byCommand],
  ["find", "Find one", finder],
];

/** Pairs of a name and a secret value, as many as wanted. Returns `{ node, read }`. */
function secrets(legend, one, hint) {
  const rows = el("div.items", {});
  function add({ focus = false } = {}) {
    const name = input({ autocapitalize: "off" });
    const value = input({ type: "password", autocomplete: "new-password" });
    const remove = button(
      "Remove",
      () => {
        row.remove();
        more.focus();
      },
      { about: one },
    );
    const row = el("div.item.pair", {}, field("Name", name), field("Value", value), remove);
    row.read = () => [name, value];
    rows.append(row);
    if (focus) name.focus();
  }
  const more = button(`Add a ${one}`, () => add({ focus: true }), { mark: "plus" });
  more.classList.add("start");
  const node = el("fieldset", {}, el("legend", {}, legend), el("p.hint", {}, hint), rows, more);
  const read = () =>
    Object.fromEntries(
      [...rows.children].map((row) => row.read().map(({ value }) => value.trim())).filter(([name]) => name),
    );
  return { node, read };
}

/** Adds a connector, and goes where the person goes on: to its tools, or to signing in. */
export async function addWith(method, params) {
  try {
    const { slug, name } = await rpc.call(method, params);
    say(`${name} was added. Now choose its tools.`);
    go("connectors", slug);
  } catch (error) {
    if (error.kind !== "auth_required" || !error.data.connector) throw error;
    const status = await rpc.call("connectors.status", { slug: error.data.connector });
    say(`${status.name} was added. It wants you to sign in.`);
    go("connectors", status.slug);
    await signIn(status);
  }
}

/** Suggests a name: the part of the host that people know it by. */
function nameFrom(url) {
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  const words = host.split(".").filter((word) => !["www", "mcp", "api"].includes(word));
  const isNumber = /^[\d.]+$|^\[/.test(host);
  return isNumber || words.length < 2 ? "" : words.at(-2);
}

function needed(control, what) {
  const isThere = control.value.trim() !== "";
  complain(control, isThere ? null : what);
  if (!isThere) control.focus();
  return isThere;
}

function byUrl() {
  const url = input({ type: "url", inputMode: "url", placeholder: "https://example.com/mcp" });
  const name = input();
  const headers = secrets(
    "Secret headers",
    "header",
    "For servers that want a key. Values go to the keychain and are never shown again. Where a server has a sign-in, none is needed.",
  );
  let isTheirs = false;
  name.addEventListener("input", () => {
    isTheirs = name.value !== "";
  });
  url.addEventListener("input", () => {
    if (!isTheirs) name.value = nameFrom(url.value);
  });
  const run = async () => {
    if (!needed(url, "Give the URL of the server.") || !needed(name, "Give it a name.")) return;
    await addWith("connectors.add", { name: name.value.trim(), url: url.value.trim(), headers: headers.read() });
  };
  return form(
    [field("URL", url), field("Name", name, { hint: "It becomes part of the names of its tools." }), headers.node],
    { submit: "Add it", run },
  );
}

function byCommand() {
  const command = input({ placeholder: "npx", autocapitalize: "off" });
  const args = area({ rows: 3, class: "mono" });
  const name = input();
  const variables = secrets(
    "Variables of its environment",
    "variable",
    "Values go to the keychain and are never shown again.",
  );
  const run = async () => {
    if (!needed(command, "Give the command that starts the server.") || !needed(name, "Give it a name.")) return;
    const lines = args.value.split("\n").filter((line) => line !== "");
    await addWith("connectors.add_stdio", {
      name: name.value.trim(),
      command: command.value.trim(),
      args: lines,
      env: variables.read(),
    });
  };
  return form(
    [
      el("p.note", {}, "The command runs on this machine with your rights. Add only what you would run yourself."),
      field("Command", command),
      field("Arguments", args, { optional: true, hint: "One on each line, without quotes." }),
      field("Name", name),
      variables.node,
    ],
    { submit: "Add it", run },
  );
}

export async function add(way = "url") {
  const [place, label, make] = WAYS.find(([known]) => known === way) ?? WAYS[0];
  const ways = WAYS.map(([known, text]) =>
    el("li", {}, el("a", { href: href("add", known), "aria-current": known === place ? "page" : null }, text)),
  );
  return {
    title: "Add a connector",
    before: el("p.way", {}, el("a", { href: href("connectors") }, "Connectors")),
    parts: [
      el("nav.ways", { "aria-label": "Ways to add a connector" }, el("ul", {}, ways)),
      el("section", { "aria-label": label }, make()),
    ],
  };
}
