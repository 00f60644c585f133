// The authorization server: npm `oidc-provider`, as strict as it can be made for a public client.
//
// Its own development pages ask for a login, any name with any password, and for consent. Access tokens are opaque and
// for the one resource only: a client that sends no `resource` gets a token that the MCP server refuses.

import { randomBytes } from "node:crypto";

import { load } from "../packages.mjs";

const HOUR = 3600;
const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/** Opens the server; returns the client that may introspect tokens, and what only a test does. */
export async function openAuthorizationServer({ server, origin }, resourceUrl, settings, ledger) {
  const { default: Provider, errors } = await load("oidc-provider");
  const inspector = { id: "mcp-server", secret: randomBytes(24).toString("base64url") };
  const provider = new Provider(origin, configuration(inspector, resourceUrl, settings, errors));
  const { grants, accessTokens, secrets } = rememberIssued(provider);
  provider.use(countRequests(ledger));
  provider.on("server_error", (_context, error) => console.error(error));
  server.on("request", provider.callback());

  /** Withdraws every grant with all its tokens, as an administrator would. */
  async function revokeAll() {
    const ids = [...grants];
    grants.clear();
    accessTokens.clear();
    for (const id of ids) {
      await Promise.all([provider.AccessToken.revokeByGrantId(id), provider.RefreshToken.revokeByGrantId(id)]);
      await provider.Grant.adapter.destroy(id);
    }
    return ids.length;
  }

  /** Forgets every access token before its time, and keeps the grants: a client learns of it by a 401 only. */
  async function dropAccessTokens() {
    const ids = [...accessTokens.keys()];
    accessTokens.clear();
    for (const id of ids) await provider.AccessToken.adapter.destroy(id);
    return ids.length;
  }

  /** Counts the access tokens that have not expired. */
  const liveAccessTokens = () => [...accessTokens.values()].filter((expiry) => expiry * 1000 > Date.now()).length;

  return { inspector, revokeAll, dropAccessTokens, liveAccessTokens, issuedSecrets: () => [...secrets] };
}

function configuration(inspector, resourceUrl, settings, errors) {
  return {
    clients: [
      { client_id: inspector.id, client_secret: inspector.secret, grant_types: [], response_types: [], redirect_uris: [] },
    ],
    clientAuthMethods: ["none", "client_secret_basic", "client_secret_post"],
    cookies: { keys: [randomBytes(24).toString("base64url")] },
    features: {
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== resourceUrl) throw new errors.InvalidTarget();
          return { scope: settings.scopes.join(" "), accessTokenFormat: "opaque" };
        },
      },
      revocation: { enabled: true },
      userinfo: { enabled: true },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    // A refresh token outlives the browser's session, as a native application needs it.
    expiresWithSession: () => false,
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ["openid", "offline_access", ...settings.scopes],
    ttl: {
      AccessToken: () => settings.accessTokenTtl,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: HOUR,
      IdToken: HOUR,
      Interaction: HOUR,
      RefreshToken: HOUR,
      Session: HOUR,
    },
  };
}

/**
 * Keeps the ids of all grants that a token was issued for, when each access token expires, in seconds, and every token
 * and code as the client got it: an opaque one is its own id.
 */
function rememberIssued(provider) {
  const grants = new Set();
  const accessTokens = new Map();
  const secrets = new Set();
  for (const kind of ["authorization_code", "access_token", "refresh_token"]) {
    provider.on(`${kind}.saved`, (token) => secrets.add(token.jti));
  }
  provider.on("refresh_token.saved", (token) => grants.add(token.grantId));
  provider.on("access_token.saved", (token) => {
    grants.add(token.grantId);
    // In whole seconds, rounded down, as the package itself reckons.
    accessTokens.set(token.jti, Math.floor(Date.now() / 1000) + token.expiration);
  });
  provider.on("access_token.destroyed", (token) => accessTokens.delete(token.jti));
  return { grants, accessTokens, secrets };
}

/** Counts by what was asked and how it ended; token requests by grant type, revocations by the kind of token. */
function countRequests(ledger) {
  return async (context, next) => {
    await next();
    const { route, params, entities } = context.oidc ?? {};
    const outcome = context.status < 400 ? "granted" : "refused";
    if (route === "token") {
      const type = params?.grant_type === DEVICE_CODE ? "device_code" : (params?.grant_type ?? "unknown");
      ledger.count(`token.${type.replaceAll(".", "_")}.${outcome}`);
    } else if (route === "revocation") {
      ledger.count(`revocation.${entities?.RefreshToken ? "refresh_token" : entities?.AccessToken ? "access_token" : "unknown_token"}`);
    } else if (route === "registration") {
      ledger.count(`registration.${outcome}`);
    } else if (route === "authorization" || route === "device_authorization") {
      ledger.count(route);
    }
  };
}
