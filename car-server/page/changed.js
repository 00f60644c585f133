// Tools that are not what the person agreed to: both definitions side by side, and one button to agree.

import { el, href, refill } from "./dom.js";
import { visible } from "./exact.js";
import { button, empty, folded, say, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { when } from "./words.js";

/** Marks what differs between two texts: what they begin and end with alike is left plain. */
function marked(text, other, kind) {
  if (text === null) return el("p.soft", {}, kind === "del" ? "It was not there." : "It is gone.");
  const [mine, theirs_] = [visible(text), visible(other ?? "")];
  const shorter = Math.min(mine.length, theirs_.length);
  let start = 0;
  while (start < shorter && mine[start] === theirs_[start]) start += 1;
  let end = 0;
  while (end < shorter - start && mine[mine.length - 1 - end] === theirs_[theirs_.length - 1 - end]) end += 1;
  const middle = mine.slice(start, mine.length - end);
  return el("p.theirs", {}, mine.slice(0, start), middle && el(kind, {}, middle), mine.slice(mine.length - end));
}

function difference({ member, before, now }) {
  return el(
    "div.difference",
    {},
    theirs(member, "h3"),
    el("div.side", {}, el("h4", {}, "You agreed to"), marked(before, now, "del")),
    el("div.side", {}, el("h4", {}, "Now"), marked(now, before, "ins")),
  );
}

function entry(slug, tool, look) {
  const approve = async () => {
    await rpc.call("connectors.approve_tool", { slug, tool: tool.name, seen: tool.seen });
    say(`${tool.name} is in service again.`);
    await look();
  };
  const off = async () => {
    await rpc.call("connectors.disable_tools", { slug, tools: [tool.name] });
    say(`${tool.name} is off.`);
    await look();
  };
  const whole = (definition) =>
    el("pre", { tabIndex: 0, role: "region", "aria-label": "Definition" }, theirs(JSON.stringify(definition, null, 2)));
  return el(
    "section.card",
    {},
    theirs(tool.name, "h2.mono"),
    el(
      "p.soft",
      {},
      `You agreed to it on ${when(tool.agreed_at)}. It is out of service until you agree to what it is now.`,
    ),
    tool.differences.map(difference),
    folded(
      "Both definitions, whole",
      `whole-${tool.name}`,
      el("h3", {}, "You agreed to"),
      whole(tool.before),
      el("h3", {}, "Now"),
      whole(tool.now),
    ),
    el(
      "div.actions",
      {},
      button("Agree to what it is now", approve, { kind: "main", key: `approve-${tool.name}`, about: tool.name }),
      button("Turn it off", off, { key: `off-${tool.name}`, about: tool.name }),
    ),
  );
}

export async function changed(slug) {
  const { name } = await rpc.call("connectors.status", { slug });
  const list = el("div", {});
  async function look() {
    const { tools } = await rpc.call("connectors.changed_tools", { slug });
    const none = empty(
      "No tool of this connector differs from what you agreed to.",
      el("a.button", { href: href("connectors", slug) }, `To ${name}`),
    );
    refill(list, tools.length ? tools.map((tool) => entry(slug, tool, look)) : none);
  }
  await look();
  const before = el(
    "p.way",
    {},
    el("a", { href: href("connectors") }, "Connectors"),
    " / ",
    el("a", { href: href("connectors", slug) }, theirs(name)),
  );
  const about = el(
    "p.soft",
    {},
    "A server can change what a tool says of itself after you switched it on. Such a tool is not offered and cannot be called until you have seen the difference.",
  );
  const isOurs = ({ slug: changed, what }) => changed === slug || what === "missed";
  const heard = (method, params) => method === "connectors.changed" && isOurs(params) && look().catch(() => {});
  return { title: "Changed tools", before, parts: [about, list], heard };
}
