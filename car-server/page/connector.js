// One connector: how it stands, its tools, what it shares, and how to be rid of it.

import { nextStep, toolCount, trouble } from "./connectors.js";
import { el, go, href, refill } from "./dom.js";
import { ask, badge, button, empty, facts, ruleLine, say, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { signIn } from "./sign-in.js";
import { toolList } from "./tools.js";
import { stateOf } from "./words.js";

export async function connector(slug) {
  const top = el("div", {});
  const sharing = el("div", {});
  const blocked = el("div", {});
  const tools = toolList(slug);
  let status = await rpc.call("connectors.status", { slug });

  function fill() {
    refill(top, overview(status, lookAtAll));
    refill(sharing, shares(status, look));
  }
  async function look() {
    status = await rpc.call("connectors.status", { slug });
    fill();
  }
  async function lookAtAll() {
    await look();
    await tools.look(status.state);
  }
  async function judge() {
    const { rules } = await rpc.call("connectors.policy.list");
    const mine = rules.find(({ kind, subject }) => kind === "deny_connector" && subject === slug);
    refill(blocked, blocking(slug, status.name, mine));
  }
  fill();
  await judge();
  // The view is there at once, also where the server takes its time.
  tools.look(status.state);

  const heard = (method, params) => {
    if (method === "connectors.policy_changed") judge().catch(() => {});
    if (method === "connectors.sign_in_completed" && params.slug === slug && !params.error)
      return tools.look().then(look, () => {});
    if (method !== "connectors.changed" || (params.slug !== slug && params.what !== "missed")) return;
    if (params.what === "removed") return go("connectors");
    // Asking for tools contacts the server, which changes its state: never because of a state alone, or it goes in circles.
    const isNew = params.what !== "state" || (params.state === "ready" && !tools.isListed());
    (isNew ? lookAtAll() : look()).catch(() => {});
  };
  const parts = [top, blocked, tools.node, sharing, status.command ? serverLog(slug) : null, more(status, lookAtAll)];
  const before = el("p.way", {}, el("a", { href: href("connectors") }, "Connectors"));
  return { title: status.name, before, parts, heard };
}

function overview(status, look) {
  const { slug, name, url, command, state } = status;
  const refresh = async () => {
    await rpc.call("connectors.refresh", { slug });
    say(`${name} was asked again.`);
    await look();
  };
  const isUsable = !["untrusted", "shadowed", "unusable"].includes(state);
  return el(
    "section.card",
    { "aria-label": "State" },
    el("div.row", {}, badge(stateOf(state)), el("span.soft", {}, toolCount(status))),
    trouble(status),
    facts([
      [url ? "URL" : "Command", theirs(url ?? command, "code")],
      ["Server", status.server && theirs(status.server)],
      ["Protocol", status.protocol_version],
      ["Signed in as", status.account && theirs(status.account)],
      ["Secret headers", status.secret_headers.length ? theirs(status.secret_headers.join(", ")) : null],
      ["From", status.project_file && theirs(status.project_file, "code")],
    ]),
    el(
      "div.actions",
      {},
      nextStep(status, look, { isHere: true }),
      isUsable && state !== "failed" && button("Ask again", refresh, { key: "refresh", about: name }),
    ),
  );
}

function shares(status, look) {
  const one = (what, words, is) => {
    const set = async () => {
      await rpc.call("connectors.share", { slug: status.slug, [what]: !is });
      say(is ? `Its ${what} are not passed on any more.` : `Its ${what} are passed on now.`);
      await look();
    };
    const flip = button(is ? "On" : "Off", set, {
      kind: is ? "switch on" : "switch",
      key: `share-${what}`,
      name: `Pass on its ${what}`,
    });
    flip.setAttribute("role", "switch");
    flip.setAttribute("aria-checked", String(is));
    return el("li.row", {}, el("div", {}, el("p.strong", {}, `Its ${what}`), el("p.soft", {}, words)), flip);
  };
  return el(
    "section",
    {},
    el("h2", {}, "Sharing"),
    el("p.soft", {}, "What else MCP clients get from this connector through the daemon."),
    el(
      "ul.card.lines",
      {},
      one("prompts", "Templates for conversations that the server offers.", status.shares_prompts),
      one("resources", "Documents and data that the server offers to read.", status.shares_resources),
    ),
  );
}

function serverLog(slug) {
  const text = el("div", {});
  const read = async () => {
    const { text: lines } = await rpc.call("connectors.server_log", { slug });
    const shown = el("pre", { tabIndex: 0, role: "region", "aria-label": "What the server wrote" }, theirs(lines));
    refill(text, lines.trim() ? shown : empty("The server has written nothing to its standard error."));
  };
  return el("section", {}, el("h2", {}, "What the server wrote"), el("div.actions", {}, button("Read it", read)), text);
}

/** The switch that stops every call, and why they are stopped where they are. */
function blocking(slug, name, rule) {
  const change = async () => {
    const about = { kind: "deny_connector", subject: slug };
    if (rule) await rpc.call("connectors.policy.remove", about);
    else await rpc.call("connectors.policy.add", { ...about, reason: "set on the page" });
    say(rule ? `Calls to ${name} are not denied any more.` : `Every call to ${name} is denied from now on.`);
  };
  const flip = button(rule ? "Allow calls again" : "Deny every call", change, { mark: "stop", key: "block" });
  return rule
    ? el("div.note", {}, el("p.strong", {}, "Every call to it is denied."), ruleLine(rule), el("div.actions", {}, flip))
    : el("div.actions", {}, flip);
}

function more(status, look) {
  const { slug, name, source, url } = status;
  const signOut = async () => {
    const sure = await ask(
      `Sign out of ${name}?`,
      el(
        "p",
        {},
        "Its tokens are given back to the server and removed here. Its tools cannot be called until you sign in again.",
      ),
      { yes: "Sign out" },
    );
    if (!sure) return;
    const { refusal, was_signed_in: was } = await rpc.call("connectors.sign_out", { slug });
    if (!was) say(`Nobody was signed in to ${name}.`);
    else
      say(refusal ? `Signed out here. The server did not take its tokens back: ${refusal}` : `Signed out of ${name}.`);
    await look();
  };
  const remove = async () => {
    const text = el(
      "p",
      {},
      "Its tools, its tokens and secrets, and what was agreed to about it are removed. The log keeps what happened.",
    );
    if (!(await ask(`Remove ${name}?`, text, { yes: "Remove it", kind: "danger", no: "Keep it" }))) return;
    await rpc.call("connectors.remove", { slug });
    say(`${name} was removed.`);
    go("connectors");
  };
  return el(
    "section",
    {},
    el("h2", {}, "More"),
    el(
      "div.actions",
      {},
      url && [button("Sign in again", () => signIn(status), { mark: "key" }), button("Sign out", signOut)],
      source !== "project" && button("Remove this connector", remove, { kind: "danger" }),
    ),
  );
}
