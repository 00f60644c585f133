// All connectors: how each stands, and what to do next.

import { el, href, refill } from "./dom.js";
import { badge, button, coded, empty, say, sentence, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { signIn } from "./sign-in.js";
import { many, stateOf } from "./words.js";

/** Returns the button for what a connector needs next, or null. `isHere` says that its own view is shown. */
export function nextStep(connector, done, { isHere = false } = {}) {
  const { slug, state, url, changed_count: changes, enabled_count: enabled, name } = connector;
  const about = { about: name, key: `next-${slug}` };
  const link = (label, ...parts) =>
    el("a.button.main", { href: href(...parts), "data-key": `next-${slug}`, "aria-label": `${label}: ${name}` }, label);
  const refresh = async () => {
    await rpc.call("connectors.refresh", { slug });
    say(`${name} answered.`);
    await done?.();
  };
  if (state === "needs_sign_in" && url)
    return button("Sign in", () => signIn(connector), { kind: "main", mark: "key", ...about });
  if (state === "failed") return button("Try again", refresh, { kind: "main", ...about });
  if (changes > 0) return link(many(changes, "change to review", "changes to review"), "connectors", slug, "changed");
  if (["untrusted", "shadowed", "unusable"].includes(state)) return null;
  if (state === "not_connected" && enabled === 0) return button("Connect", refresh, { kind: "main", ...about });
  if (enabled === 0 && !isHere) return link("Choose tools", "connectors", slug);
  return null;
}

/** How many tools there are, and how many of them are on. */
export function toolCount({ tool_count: all, enabled_count: on }) {
  if (all === null || all === undefined) return on ? `${many(on, "tool")} on` : "Tools not listed yet";
  return `${on} of ${many(all, "tool")} on`;
}

/** What is wrong with a connector, in the daemon's words, and what to do where no button does it. */
export function trouble(connector) {
  const { last_error: error, next_action: action, state } = connector;
  const isWrong = ["failed", "needs_sign_in", "untrusted", "shadowed", "unusable"].includes(state);
  return [
    isWrong && error && el("p.trouble", {}, theirs(sentence(error))),
    isWrong && action && !nextStep(connector) && el("p.soft", {}, "What to do: ", coded(action)),
  ];
}

function card(connector, refresh) {
  const { slug, name, url, command, account } = connector;
  return el(
    "li.card.connector",
    {},
    el(
      "div.row",
      {},
      el("h2", {}, el("a", { href: href("connectors", slug), "data-key": `open-${slug}` }, theirs(name))),
      badge(stateOf(connector.state)),
    ),
    theirs(url ?? command, "p.place"),
    el(
      "p.soft",
      {},
      toolCount(connector),
      account && [" · signed in as ", theirs(account)],
      connector.source === "project" && " · from this project",
    ),
    trouble(connector),
    el("div.actions", {}, nextStep(connector, refresh)),
  );
}

export async function connectors() {
  const list = el("div", {});
  async function refresh() {
    const { connectors: all, warnings } = await rpc.call("connectors.list");
    const none = empty(
      "There are no connectors yet.",
      "A connector is an MCP server whose tools your agents may use: one at a URL, or one that a command on this machine starts.",
      el("a.button.main", { href: href("add") }, "Add the first one"),
    );
    refill(
      list,
      warnings.map((warning) => el("p.note", {}, coded(sentence(warning)))),
      all.length
        ? el(
            "ul.cards",
            {},
            all.map((connector) => card(connector, refresh)),
          )
        : none,
    );
  }
  await refresh();
  const bar = el("div.actions", {}, el("a.button.main", { href: href("add") }, "Add a connector"));
  const heard = (method) => method === "connectors.changed" && refresh().catch(() => {});
  return { title: "Connectors", parts: [bar, list], heard };
}
