//! What a protected MCP server answers before the request reaches it (RFC 6750 §3, RFC 9728 §5, RFC 9449 §7).

use http::{HeaderValue, StatusCode, header, request};
use serde_json::{Value, json};

use super::dpop::{self, BadProof, Expected};
use super::metadata::merge;
use super::protection::{MetadataAt, Protection, ProtectionConfig};
use super::route::{answer_json, answer_parts};
use super::rules::Dpop;
use super::state::{Access, State};
use crate::reply::{self, Reply};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// The endpoints that speak MCP; everything else is a document or an endpoint of the authorization server.
const ENDPOINTS: [&str; 3] = ["/mcp", "/sse", "/messages"];

/// A request to the protected server.
pub(crate) struct Guarded<'a> {
    /// Scheme, host and port under which the server was asked.
    pub(crate) origin: &'a str,
    pub(crate) head: &'a request::Parts,
    pub(crate) body: &'a [u8],
    /// The body as JSON; null when it is none.
    pub(crate) message: &'a Value,
}

/// Why a request goes no further.
#[derive(Default)]
struct Denied {
    /// 403 instead of the status for bad tokens.
    is_forbidden: bool,
    error: Option<(&'static str, &'static str)>,
    /// The scopes that would do.
    scope: Option<String>,
    nonce: Option<String>,
}

impl Denied {
    fn token(description: &'static str) -> Self {
        Self { error: Some(("invalid_token", description)), ..Self::default() }
    }
}

impl Protection {
    /// Returns the answer, or nothing when the request may go on to the MCP server.
    pub(crate) async fn intercept(&self, asked: &Guarded<'_>) -> Option<Reply> {
        let (config, authority) = (self.config(), self.authority());
        let path = asked.head.uri.path();
        if !ENDPOINTS.contains(&path) {
            if let Some(resource) = described(&config, path) {
                return Some(match &config.metadata_canned {
                    Some(canned) => canned.reply().await,
                    None => answer_json(200, &document(&config, &authority, asked.origin, resource)),
                });
            }
            if config.hosts_authority {
                let origin = asked.origin.to_owned();
                return Some(answer_parts(&authority, origin, asked.head, asked.body).await);
            }
            return None;
        }
        let method = asked.message["method"].as_str().unwrap_or_default();
        if config.open_methods.iter().any(|open| open == method) {
            return None;
        }
        check(&config, &authority, asked).err().map(|denied| refuse(&config, asked, &denied))
    }
}

/// Returns the path of the endpoint that the document at `path` describes, if one stands there.
fn described<'a>(config: &ProtectionConfig, path: &'a str) -> Option<&'a str> {
    match &config.metadata_at {
        MetadataAt::PathInserted => {
            path.strip_prefix(WELL_KNOWN).filter(|endpoint| ENDPOINTS.contains(endpoint))
        }
        MetadataAt::Root => (path == WELL_KNOWN).then_some(ENDPOINTS[0]),
        MetadataAt::Custom(custom) => (path == custom).then_some(ENDPOINTS[0]),
        MetadataAt::Nowhere => None,
    }
}

fn document(config: &ProtectionConfig, authority: &State, origin: &str, endpoint: &str) -> Value {
    let issuer = format!("{}{}", authority.origin(), authority.config().issuer_path);
    let mut document = json!({
        "resource": format!("{origin}{endpoint}"),
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "resource_name": "Everything",
    });
    if !config.scopes.is_empty() {
        document["scopes_supported"] = json!(config.scopes);
    }
    if config.dpop != Dpop::Off && authority.config().dpop != Dpop::Off {
        document["dpop_signing_alg_values_supported"] = json!(["ES256"]);
    }
    if config.dpop.is_required() {
        document["dpop_bound_access_tokens_required"] = json!(true);
    }
    merge(&mut document, &config.metadata_patch);
    document
}

fn check(config: &ProtectionConfig, authority: &State, asked: &Guarded<'_>) -> Result<(), Denied> {
    let Some(value) = asked.head.headers.get(header::AUTHORIZATION) else { return Err(Denied::default()) };
    let Some((scheme, token)) = value.to_str().ok().and_then(|value| value.split_once(' ')) else {
        return Err(Denied::token("the header cannot be read"));
    };
    if config.refuses_all {
        return Err(Denied::token("no token is good here"));
    }
    let Some(access) = authority.memory().live(token).cloned() else {
        return Err(Denied::token("the token is unknown, or no longer good"));
    };
    check_possession(config, authority, asked, scheme, token, &access)?;
    check_resource(config, authority, asked, &access)?;
    check_scope(config, asked, &access)
}

fn check_possession(
    config: &ProtectionConfig,
    authority: &State,
    asked: &Guarded<'_>,
    scheme: &str,
    token: &str,
    access: &Access,
) -> Result<(), Denied> {
    if config.dpop == Dpop::Off {
        return Ok(());
    }
    if access.grant.thumbprint.is_none() && !config.dpop.is_required() {
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        return if is_bearer { Ok(()) } else { Err(Denied::token("expected the scheme Bearer")) };
    }
    if !scheme.eq_ignore_ascii_case("dpop") {
        return Err(Denied::token("expected the scheme DPoP"));
    }
    let proof = asked.head.headers.get("dpop").and_then(|proof| proof.to_str().ok()).unwrap_or_default();
    // Not that of the authorization server: a client that mixes the two up is found out.
    let nonce =
        (config.dpop == Dpop::RequiredWithNonce).then(|| format!("resource-{}", authority.memory().nonce));
    let htu = format!("{}{}", asked.origin, asked.head.uri.path());
    let expected =
        Expected { htm: asked.head.method.as_str(), htu: &htu, token: Some(token), nonce: nonce.as_deref() };
    match dpop::check(authority, proof, &expected) {
        Ok(thumbprint) if access.grant.thumbprint.as_ref() == Some(&thumbprint) => Ok(()),
        Ok(_) => Err(Denied::token("the token is bound to another key")),
        Err(BadProof::Invalid(text)) => {
            Err(Denied { error: Some(("invalid_dpop_proof", text)), ..Denied::default() })
        }
        Err(BadProof::Nonce) => Err(Denied {
            error: Some(("use_dpop_nonce", "the proof needs our nonce")),
            nonce,
            ..Denied::default()
        }),
    }
}

fn check_resource(
    config: &ProtectionConfig,
    authority: &State,
    asked: &Guarded<'_>,
    access: &Access,
) -> Result<(), Denied> {
    if !config.checks_resource || config.metadata_at == MetadataAt::Nowhere {
        return Ok(());
    }
    let document = document(config, authority, asked.origin, endpoint(asked));
    let resource = access.grant.resource.as_deref();
    if resource.is_some() && document["resource"].as_str() == resource {
        return Ok(());
    }
    Err(Denied::token("the token is for another resource"))
}

fn check_scope(config: &ProtectionConfig, asked: &Guarded<'_>, access: &Access) -> Result<(), Denied> {
    let method = asked.message["method"].as_str().unwrap_or_default();
    let tool = asked.message["params"]["name"].as_str().filter(|_| method == "tools/call");
    let wanted = [
        Some(&config.scope),
        config.method_scopes.get(method),
        tool.and_then(|tool| config.tool_scopes.get(tool)),
    ];
    let wanted: Vec<_> = wanted.into_iter().flatten().flat_map(|scopes| scopes.split_whitespace()).collect();
    if wanted.iter().all(|wanted| access.grant.scope.split(' ').any(|scope| scope == *wanted)) {
        return Ok(());
    }
    Err(Denied {
        is_forbidden: true,
        error: Some(("insufficient_scope", "the token does not reach that far")),
        scope: Some(wanted.join(" ")),
        nonce: None,
    })
}

/// The endpoint whose document describes this request; both ends of the older transport are one resource.
fn endpoint<'a>(asked: &'a Guarded<'_>) -> &'a str {
    match asked.head.uri.path() {
        "/messages" => "/sse",
        path => path,
    }
}

fn refuse(config: &ProtectionConfig, asked: &Guarded<'_>, denied: &Denied) -> Reply {
    let status = if denied.is_forbidden { 403 } else { config.status };
    let mut reply = reply::empty(StatusCode::from_u16(status).expect("the test names a status that exists"));
    let headers = reply.headers_mut();
    let ours = config.challenges.then(|| challenge(config, asked, denied));
    for value in config.other_challenges.iter().chain(&ours) {
        let value = HeaderValue::from_str(value).expect("the test names a challenge that can be sent");
        headers.append(header::WWW_AUTHENTICATE, value);
    }
    if let Some(nonce) = &denied.nonce {
        headers.insert("dpop-nonce", HeaderValue::from_str(nonce).expect("our nonces are ASCII"));
    }
    reply
}

fn challenge(config: &ProtectionConfig, asked: &Guarded<'_>, denied: &Denied) -> String {
    let mut params = Vec::new();
    if let Some((error, description)) = denied.error {
        params.push(format!("error=\"{error}\", error_description=\"{description}\""));
    }
    let place = match &config.metadata_at {
        MetadataAt::PathInserted => Some(format!("{WELL_KNOWN}{}", endpoint(asked))),
        MetadataAt::Root => Some(WELL_KNOWN.to_owned()),
        MetadataAt::Custom(custom) => Some(custom.clone()),
        MetadataAt::Nowhere => None,
    };
    if let Some(place) = place.filter(|_| config.names_metadata) {
        params.push(format!("resource_metadata=\"{}{place}\"", asked.origin));
    }
    if let Some(scope) = denied.scope.as_ref().or(config.challenge_scope.as_ref()) {
        params.push(format!("scope=\"{scope}\""));
    }
    let scheme = if config.dpop.is_required() { "DPoP" } else { "Bearer" };
    format!("{scheme} {}", params.join(", ")).trim_end().to_owned()
}
