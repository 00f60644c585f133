// The protected resource: the MCP server of npm `@modelcontextprotocol/sdk` over Streamable HTTP, with its own bearer
// check and its own protected resource metadata (RFC 9728). Each token is introspected (RFC 7662), nothing is cached.

import { load } from "../packages.mjs";

const SDK = "@modelcontextprotocol/sdk/server";

/** Opens the server. `inspector` is the client that may introspect tokens at the authorization server. */
export async function openResource({ server }, resourceUrl, issuer, inspector, settings, ledger) {
  const { createMcpExpressApp } = await load(`${SDK}/express.js`);
  const { requireBearerAuth } = await load(`${SDK}/auth/middleware/bearerAuth.js`);
  const { mcpAuthMetadataRouter, getOAuthProtectedResourceMetadataUrl } = await load(`${SDK}/auth/router.js`);
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();

  const app = createMcpExpressApp();
  const resourceServerUrl = new URL(resourceUrl);
  app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl, scopesSupported: settings.scopes }));
  app.use("/mcp", countRequests(ledger));
  app.use(
    "/mcp",
    requireBearerAuth({
      verifier: await introspection(metadata, inspector),
      requiredScopes: settings.scopes,
      resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resourceServerUrl),
      expectedResource: resourceUrl,
    }),
  );
  app.post("/mcp", await answer());
  // Without sessions there is no stream to open and nothing to end.
  app.all("/mcp", (_request, response) => response.status(405).set("Allow", "POST").end());
  server.on("request", app);
}

async function introspection(metadata, inspector) {
  const { InvalidTokenError } = await load(`${SDK}/auth/errors.js`);
  const basic = Buffer.from(`${inspector.id}:${inspector.secret}`).toString("base64");
  return {
    async verifyAccessToken(token) {
      const response = await fetch(metadata.introspection_endpoint, {
        method: "POST",
        headers: { authorization: `Basic ${basic}` },
        body: new URLSearchParams({ token, token_type_hint: "access_token" }),
      });
      const said = await response.json();
      // A refresh token is active too, and says so with its kind; it is not for calling.
      if (!said.active || said.token_type !== "Bearer") throw new InvalidTokenError("the token is not active");
      return {
        token,
        clientId: said.client_id,
        scopes: said.scope?.split(" ") ?? [],
        expiresAt: said.exp,
        resource: said.aud ? new URL(said.aud) : undefined,
        extra: { subject: said.sub },
      };
    },
  };
}

function countRequests(ledger) {
  return (request, response, next) => {
    response.on("finish", () => {
      const kind = response.statusCode === 401 || response.statusCode === 403 ? "refused" : "accepted";
      ledger.count(`mcp.${kind}`);
      if (kind === "accepted" && request.body?.method === "tools/call") ledger.count("mcp.calls");
    });
    next();
  };
}

/** Each request has a server of its own: nothing is kept between two requests, as behind a load balancer. */
async function answer() {
  const { McpServer } = await load(`${SDK}/mcp.js`);
  const { StreamableHTTPServerTransport } = await load(`${SDK}/streamableHttp.js`);
  const { z } = await load("zod");
  const text = (words) => ({ content: [{ type: "text", text: words }] });
  return async (request, response) => {
    const mcp = new McpServer({ name: "protected", version: "1.0.0" });
    mcp.registerTool(
      "echo",
      { description: "Says the message back", inputSchema: { message: z.string() } },
      ({ message }) => text(message),
    );
    mcp.registerTool("whoami", { description: "Says who is signed in" }, ({ authInfo }) => text(authInfo.extra.subject));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on("close", () => mcp.close());
    await mcp.connect(transport);
    await transport.handleRequest(request, response, request.body);
  };
}
