// Who may use the daemon: tokens for MCP clients, made, shown once, and taken back.

import { el, refill } from "./dom.js";
import {
  badge,
  box,
  button,
  ask,
  choice,
  complain,
  copied,
  empty,
  field,
  form,
  input,
  say,
  theirs,
  tick,
} from "./parts.js";
import { rpc } from "./rpc.js";
import { when } from "./words.js";

const DAY_S = 24 * 60 * 60;

const SCOPES = [
  ["call", "Call tools that are on"],
  ["read", "Look only"],
  ["manage", "Everything, as you can here"],
];

const LIVES = [
  ["30", "30 days"],
  ["1", "One day"],
  ["90", "90 days"],
  ["365", "A year"],
  ["", "Until it is taken back"],
];

function row(token, look) {
  const { id, name, scope, connectors, created_at: made, expires_at: ends, ended } = token;
  const revoke = async () => {
    const text = el("p", {}, "Whoever uses it is refused from now on, and what they have open is closed.");
    if (!(await ask(`Take the token “${name}” back?`, text, { yes: "Take it back", kind: "danger" }))) return;
    await rpc.call("connectors.tokens.revoke", { id });
    say(`The token ${name} is not good any more.`);
    await look();
  };
  const may = SCOPES.find(([value]) => value === scope)?.[1] ?? scope;
  return el(
    "li.row",
    {},
    el(
      "div.grow",
      {},
      el("p", {}, theirs(name, "strong"), " ", ended && badge(["Ended", "clock", "plain"])),
      el("p.soft", {}, `${may} · `, connectors ? theirs(`only ${connectors.join(", ")}`) : "all connectors"),
      el("p.soft", {}, `Made ${when(made)} · ${ends ? `ends ${when(ends)}` : "does not end"}`),
    ),
    button(ended ? "Remove" : "Take it back", revoke, { key: `revoke-${id}`, about: name }),
  );
}

/** Shows a new token: this once, with what a client's settings need. */
function reveal(name, secret, url) {
  const config = JSON.stringify(
    { mcpServers: { car: { type: "http", url, headers: { Authorization: `Bearer ${secret}` } } } },
    null,
    2,
  );
  const command = `claude mcp add --transport http car ${url} --header "Authorization: Bearer ${secret}"`;
  box(`The token “${name}”`, (close) => [
    el("p", {}, "This is shown once and cannot be shown again. Who has it can do what it is for."),
    copied(secret, "The token"),
    el("h3", {}, "For a client’s settings"),
    copied(config, "The settings"),
    el("h3", {}, "For Claude Code"),
    copied(command, "The command"),
    el("div.actions", {}, el("button.main", { type: "button", onclick: close }, "Done")),
  ]);
}

function making(connectors, url, look) {
  const name = input({ autocapitalize: "off" });
  const scope = choice(SCOPES);
  const life = choice(LIVES);
  const ticks = connectors.map((known) => tick(theirs(known.name), { value: known.slug }));
  const run = async () => {
    const wanted = name.value.trim();
    complain(name, wanted ? null : "Say who will use it.");
    if (!wanted) return name.focus();
    const chosen = ticks.filter(({ box: one }) => one.checked).map(({ box: one }) => one.value);
    const { secret } = await rpc.call("connectors.tokens.add", {
      name: wanted,
      scope: scope.value,
      connectors: chosen.length ? chosen : undefined,
      expires_in_seconds: life.value ? Number(life.value) * DAY_S : undefined,
    });
    name.value = "";
    await look();
    reveal(wanted, secret, url);
  };
  const only = el(
    "fieldset",
    {},
    el("legend", {}, "Only these connectors"),
    el("p.hint", {}, "With none ticked it is for all of them, those to come too."),
    ticks,
  );
  return form(
    [
      field("Name", name, { hint: "Who will use it, such as cursor or ci. Policy and log name its calls so." }),
      field("It may", scope),
      field("It ends after", life),
      ticks.length > 0 && only,
    ],
    { submit: "Make a token", run },
  );
}

export async function access() {
  const list = el("div", {});
  async function look() {
    const { tokens } = await rpc.call("connectors.tokens.list");
    refill(
      list,
      tokens.length
        ? el(
            "ul.card.lines",
            {},
            tokens.map((token) => row(token, look)),
          )
        : empty("There are no tokens yet. Make one for each client, so that each can be told apart and taken back."),
    );
  }
  await look();
  const [{ connectors }, { mcp_url: url }] = await Promise.all([
    rpc.call("connectors.list"),
    rpc.call("connectors.daemon"),
  ]);
  const heard = (method) => method === "connectors.access_changed" && look().catch(() => {});
  const intro = el(
    "p.soft",
    {},
    "An MCP client reaches every tool that is on at ",
    theirs(url, "code"),
    " with a token of its own.",
  );
  const parts = [
    intro,
    el("section", {}, el("h2", {}, "Tokens"), list),
    el("section", {}, el("h2", {}, "Make a token"), el("div.card", {}, making(connectors, url, look))),
  ];
  return { title: "Access", parts, heard };
}
