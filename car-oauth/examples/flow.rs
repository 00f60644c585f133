//! The flow without a network: from a server's refusal to the request for tokens, and an answer that is not the server's.
//!
//! `cargo run -p car-oauth --no-default-features --example flow`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use car_oauth::authorize::AuthorizationRequest;
use car_oauth::challenge::Demand;
use car_oauth::issuer::Issuer;
use car_oauth::registration::{ClientOrigin, KnownClient};
use car_oauth::resource_metadata::ResourceLookup;
use car_oauth::response::AuthorizationResponse;
use car_oauth::scope::ScopeChoice;
use car_oauth::server_metadata::ServerLookup;
use car_oauth::{Error, Fetched, Lookup};
use url::Url;

/// What the MCP server answers with status 401.
const CHALLENGE: &str =
    r#"Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp""#;

/// What is found there.
const RESOURCE: &[u8] = br#"{
    "resource": "https://mcp.example/mcp",
    "authorization_servers": ["https://auth.example"],
    "scopes_supported": ["files:read"]
}"#;

/// What the authorization server says of itself.
const SERVER: &[u8] = br#"{
    "issuer": "https://auth.example",
    "authorization_endpoint": "https://auth.example/authorize",
    "token_endpoint": "https://auth.example/token",
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": true
}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mcp = Url::parse("https://mcp.example/mcp")?;
    let demand = Demand::from_values([CHALLENGE]);

    let lookup = ResourceLookup::new(&mcp, &demand)?;
    println!("ask {}", lookup.url());
    let Lookup::Found(resource) = lookup.answered(Fetched::Document(RESOURCE))? else {
        return Err("no resource metadata".into());
    };

    let lookup = ServerLookup::new(&resource.issuers()[0]);
    println!("ask {}", lookup.url());
    let Lookup::Found(server) = lookup.answered(Fetched::Document(SERVER))? else {
        return Err("no server metadata".into());
    };

    let client =
        KnownClient::new(Issuer::parse("https://auth.example")?, "my-client", ClientOrigin::PreRegistered);
    let scope = ScopeChoice {
        challenged: demand.scope.as_ref(),
        resource: resource.scopes(),
        server: server.scopes(),
        before: None,
        extra: None,
        wants_refresh_token: true,
    };
    // Real random bytes, please; the core has none of its own.
    let (state, verifier) = ([1; 32], [2; 32]);
    let request = || AuthorizationRequest {
        server: &server,
        // Without this proof there is no request.
        proof: server.pkce().expect("the metadata above offers S256"),
        client: &client,
        redirect_uri: "http://127.0.0.1:49152/callback",
        scope: scope.select(),
        resource: Some(resource.resource()),
        extra: &[],
        dpop_jkt: None,
    };

    let (page, pending) = request().begin(state, verifier)?;
    println!("show {page}");
    let answer = format!("?code=abc&state={}&iss=https%3A%2F%2Fauth.example", pending.state());
    let code = pending.accept(AuthorizationResponse::from_url(&answer)?).map_err(Error::from)?;
    println!("post to {}: {:?}", server.token_endpoint()?.as_str(), code.token_request(&server)?.form());

    let (_, pending) = request().begin(state, verifier)?;
    let answer = format!("?code=abc&state={}&iss=https%3A%2F%2Fevil.example", pending.state());
    let refused = pending.accept(AuthorizationResponse::from_url(&answer)?).map_err(Error::from);
    println!("an answer of somebody else: {}", refused.expect_err("the issuer is another"));
    Ok(())
}
