// Goes through our server with a TypeScript SDK and prints one line of JSON for each thing seen.
// usage: node foreign.cjs JOB, where JOB is {modules, package, modern, url} or {modules, package, modern, command};
// with {token, servers} too, it goes through those servers behind the daemon

"use strict";

const { createRequire } = require("node:module");
const { join } = require("node:path");

const job = JSON.parse(process.argv[2]);
const load = createRequire(join(job.modules, "here.cjs"));
const isNew = job.package === "@modelcontextprotocol/client";
const part = (path) => load(isNew ? job.package : `${job.package}/${path}`);
const { Client } = part("client/index.js");
const { StreamableHTTPClientTransport } = part("client/streamableHttp.js");

/** A change is told at once; this is how long a slow machine may take. */
const PATIENCE_MS = 20_000;

const say = (thing) => console.log(JSON.stringify(thing));
const text = (result) => result.content.map((block) => block.text ?? "").join("");

function transport() {
  if (job.url) {
    const headers = job.token ? { Authorization: `Bearer ${job.token}` } : {};
    return new StreamableHTTPClientTransport(new URL(job.url), { requestInit: { headers } });
  }
  const { StdioClientTransport } = load(`${job.package}/${isNew ? "stdio" : "client/stdio.js"}`);
  const [command, ...args] = job.command;
  return new StdioClientTransport({ command, args, env: process.env, stderr: "ignore" });
}

/** Makes a client that says yes to the user's form, and calls `changed` when the list of tools does. */
function client(changed) {
  const info = { name: "foreign", version: "1" };
  const capabilities = { elicitation: {} };
  const accept = () => ({ action: "accept", content: { name: "Ada" } });
  if (isNew) {
    const versionNegotiation = { mode: job.modern ? { pin: "2026-07-28" } : "legacy" };
    const listChanged = { tools: { onChanged: changed } };
    const made = new Client(info, { capabilities, versionNegotiation, listChanged });
    made.setRequestHandler("elicitation/create", accept);
    return made;
  }
  const { ElicitRequestSchema, ToolListChangedNotificationSchema } = part("types.js");
  const made = new Client(info, { capabilities });
  made.setRequestHandler(ElicitRequestSchema, accept);
  made.setNotificationHandler(ToolListChangedNotificationSchema, changed);
  return made;
}

function call(peer, name, args, options) {
  const params = { name, arguments: args };
  return isNew ? peer.callTool(params, options) : peer.callTool(params, undefined, options);
}

const LATE = "Received a progress notification for an unknown token: ";

/**
 * Calls a tool that reports progress. Of what a local server writes together with its answer, this SDK hands on the
 * answer first and then knows nobody who wants to hear of progress; such reports are `late`, none of them is lost.
 */
async function progressOf(peer, name, args) {
  const steps = [];
  const late = [];
  peer.onerror = ({ message }) => {
    if (message.startsWith(LATE)) late.push(JSON.parse(message.slice(LATE.length)).params.progress);
  };
  await call(peer, name, args, { onprogress: ({ progress }) => steps.push(progress) });
  // Everything that was read together with the answer is handed on before this.
  await new Promise(setImmediate);
  peer.onerror = undefined;
  return { steps, late };
}

/** Calls every tool of one of the servers behind the daemon, and looks at what three of them do on the way. */
async function through(peer, { name: of, calls, echo, progress, elicitation }) {
  const failed = [];
  for (const one of calls) {
    await call(peer, one.tool, one.arguments).catch((error) => {
      if (!one.may_err) failed.push(`${one.tool}: ${error.message}`);
    });
  }
  say({ saw: "calls", of, failed });
  say({ saw: "call", of, text: text(await call(peer, echo.tool, echo.arguments)) });
  say({ saw: "progress", of, ...(await progressOf(peer, progress.tool, progress.arguments)) });
  say({ saw: "elicitation", of, text: text(await call(peer, elicitation.tool, elicitation.arguments)) });
}

async function main() {
  let tell;
  const change = new Promise((resolve) => (tell = resolve));
  const peer = client(() => tell());
  const wire = transport();
  await peer.connect(wire);
  say({ saw: "connect", server: peer.getServerVersion()?.name, version: wire.protocolVersion });

  const { tools } = await peer.listTools();
  if (job.servers) {
    say({ saw: "list", tools: tools.map((tool) => tool.name) });
    for (const server of job.servers) await through(peer, server);
    await peer.close();
    return;
  }
  say({ saw: "list", tools: tools.length });

  say({ saw: "call", text: text(await call(peer, "echo", { message: "hello" })) });

  say({ saw: "progress", ...(await progressOf(peer, "test_tool_with_progress", {})) });

  await call(peer, "change_tools", {});
  const late = setTimeout(() => {
    say({ saw: "nothing", of: "change" });
    process.exit(1);
  }, PATIENCE_MS);
  await change;
  clearTimeout(late);
  say({ saw: "change" });

  say({ saw: "elicitation", text: text(await call(peer, "elicit", {})) });
  await peer.close();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
