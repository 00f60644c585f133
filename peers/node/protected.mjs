// An MCP server behind OAuth: npm `oidc-provider` as authorization server, npm `@modelcontextprotocol/sdk` as protected
// resource, each on a loopback port that the system gives. Prints one line of JSON with the URLs when it is ready.
// usage: node protected.mjs [--ttl SECONDS]

import { createServer } from "node:http";
import { parseArgs } from "node:util";

import { openAdministration } from "./protected/administration.mjs";
import { openAuthorizationServer } from "./protected/authorization.mjs";
import { Ledger } from "./protected/ledger.mjs";
import { openResource } from "./protected/resource.mjs";

const { values } = parseArgs({ options: { ttl: { type: "string", default: "5" } } });
const settings = { accessTokenTtl: Number(values.ttl), scopes: ["mcp:tools"] };

/** Listens before there is anything to answer with: the issuer and the resource are named after their ports. */
async function listen() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

const [authorization, resource, administration] = await Promise.all([listen(), listen(), listen()]);
const ledger = new Ledger();
const resourceUrl = `${resource.origin}/mcp`;
const provider = await openAuthorizationServer(authorization, resourceUrl, settings, ledger);
await openResource(resource, resourceUrl, authorization.origin, provider.inspector, settings, ledger);
openAdministration(administration.server, provider, settings, ledger);

console.log(JSON.stringify({ mcp: resourceUrl, issuer: authorization.origin, admin: administration.origin }));
