// The daemon itself: where it is, since when, and what is wrong with it.

import { el, href, refill } from "./dom.js";
import { button, coded, copied, facts, say, sentence, theirs } from "./parts.js";
import { rpc } from "./rpc.js";
import { callerOf, when } from "./words.js";

export async function about() {
  const node = el("div", {});
  async function look() {
    const { version, url, mcp_url: mcp, started_at: since, visitor, warnings } = await rpc.call("connectors.daemon");
    refill(
      node,
      warnings.map((warning) => el("p.note", {}, coded(sentence(warning)))),
      el(
        "div.card",
        {},
        facts([
          ["Version", version],
          ["Address", theirs(url, "code")],
          ["Running since", when(since)],
          ["You are", `${callerOf(visitor.name)}, who may ${visitor.scope}`],
        ]),
      ),
      el("h2", {}, "For MCP clients"),
      el(
        "p",
        {},
        "All tools that are on, of all connectors, at one address. ",
        el("a", { href: href("access") }, "Make a token"),
        " for each client.",
      ),
      copied(mcp, "The address for MCP clients"),
      el("h2", {}, "What was changed by hand"),
      el(
        "p.soft",
        {},
        "Files of the state folder are read again by themselves. If you want to be sure, read them now.",
      ),
      el(
        "div.actions",
        {},
        button(
          "Read the files again",
          async () => {
            await rpc.call("connectors.reload");
            say("The files were read again.");
            await look();
          },
          { key: "reload" },
        ),
      ),
    );
  }
  await look();
  return { title: "Daemon", parts: [node] };
}
