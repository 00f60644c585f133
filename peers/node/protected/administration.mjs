// What only a test may ask of the servers, on a port of its own, so that no client meets it by chance.
//
//  POST /test/ledger                        what was counted so far
//  POST /test/revoke-all                    every grant is withdrawn, as an administrator would
//  POST /test/drop-access-tokens            they are gone before their time, the grants stay
//  POST /test/live-access-tokens            how many have not expired
//  POST /test/issued-secrets                every code and token issued so far, to look for where none may be
//  POST /test/access-token-ttl {seconds}    for access tokens issued from now on

export function openAdministration(server, provider, settings, ledger) {
  const answers = {
    "/test/ledger": () => ledger,
    "/test/revoke-all": async () => ({ grants: await provider.revokeAll() }),
    "/test/drop-access-tokens": async () => ({ tokens: await provider.dropAccessTokens() }),
    "/test/live-access-tokens": () => ({ tokens: provider.liveAccessTokens() }),
    "/test/issued-secrets": () => ({ secrets: provider.issuedSecrets() }),
    "/test/access-token-ttl": ({ seconds }) => {
      if (!(Number.isInteger(seconds) && seconds > 0)) throw new Error("expected {\"seconds\": a whole number above 0}");
      settings.accessTokenTtl = seconds;
      return { seconds };
    },
  };
  server.on("request", async (request, response) => {
    const answer = request.method === "POST" ? answers[request.url] : undefined;
    try {
      if (!answer) throw new Error(`nothing at ${request.method} ${request.url}`);
      const text = JSON.stringify(await answer(JSON.parse((await body(request)) || "{}")));
      response.writeHead(200, { "content-type": "application/json" }).end(text);
    } catch (error) {
      response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error: error.message }));
    }
  });
}

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
