//! The grants without a browser: client credentials, device code, assertions, token exchange.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::client_auth::authenticate;
use super::device::{self, Decision};
use super::issue::{Issue, issue};
use super::jwt::{Parts, now};
use super::people::Account;
use super::route::{Asked, Refusal};
use super::state::{Grant, State};

/// RFC 8628 §3.4.
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 7523 §2.1.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 8693 §2.1.
pub(super) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
/// `typ` of the assertion that carries an identity to another authorization server.
const ID_JAG_TYP: &str = "oauth-id-jag+jwt";
/// How long an exchanged assertion is good, in seconds.
const ASSERTION_LIFETIME: u64 = 300;

pub(super) fn client_credentials(
    state: &State,
    asked: &Asked,
    thumbprint: Option<String>,
) -> Result<Value, Refusal> {
    let client = authenticate(state, asked)?;
    if client.secret.is_none() && client.jwk.is_none() {
        return Err(Refusal::new("unauthorized_client", "a public client cannot act for itself"));
    }
    let grant = new_grant(state, asked, client.id, None, thumbprint);
    Ok(issue(&mut state.memory(), state, asked, Issue { grant, nonce: None, with_refresh: false }))
}

pub(super) fn device(state: &State, asked: &Asked, thumbprint: Option<String>) -> Result<Value, Refusal> {
    let client = authenticate(state, asked)?;
    let code = asked.text("device_code");
    let mut memory = state.memory();
    let Some(waiting) = memory.devices.get_mut(&code).filter(|waiting| waiting.client == client.id) else {
        return Err(Refusal::new("invalid_grant", "no such device code"));
    };
    let is_too_soon = waiting.asked.is_some_and(|last| last.elapsed() < waiting.interval);
    waiting.asked = Some(Instant::now());
    if Instant::now() >= waiting.expires {
        return Err(Refusal::new("expired_token", "the device code has expired"));
    }
    if is_too_soon {
        waiting.interval += device::SLOWER;
        return Err(Refusal::new("slow_down", "asked again too soon"));
    }
    let account = match &waiting.decision {
        Decision::Pending => return Err(Refusal::new("authorization_pending", "the user has not decided")),
        Decision::Denied => return Err(Refusal::new("access_denied", "the user has refused")),
        Decision::Approved(account) => account.clone(),
    };
    let (scope, resource) = (waiting.scope.clone(), waiting.resource.clone());
    memory.devices.remove(&code);
    let family = memory.new_family();
    let grant = Grant { family, client: client.id, account: Some(account), scope, resource, thumbprint };
    Ok(issue(&mut memory, state, asked, Issue { grant, nonce: None, with_refresh: true }))
}

/// An assertion of another server, or of a workload, whose key is that of a known client or is our own.
pub(super) fn jwt_bearer(state: &State, asked: &Asked, thumbprint: Option<String>) -> Result<Value, Refusal> {
    let refuse = |text| Err(Refusal::new("invalid_grant", text));
    let Some(parts) = Parts::read(&asked.text("assertion")) else { return refuse("no assertion") };
    let trusted = asked.config.trusted_keys.iter();
    if !parts.is_signed_by(&state.key.jwk()) && !trusted.into_iter().any(|jwk| parts.is_signed_by(jwk)) {
        return refuse("the assertion is signed by nobody we trust");
    }
    let claims = &parts.claims;
    let issuer = asked.issuer();
    if claims["aud"] != issuer.as_str() && claims["aud"] != format!("{issuer}/") {
        return refuse("the assertion is for another server");
    }
    if claims["exp"].as_u64().is_none_or(|expires| expires <= now()) {
        return refuse("the assertion has expired");
    }
    let client = if parts.header["typ"] == ID_JAG_TYP {
        // An identity assertion is bound to the client that exchanged it.
        let client = authenticate(state, asked)?;
        if claims["client_id"] != client.id.as_str() {
            return refuse("the assertion belongs to another client");
        }
        client.id
    } else {
        claims["sub"].as_str().unwrap_or_default().to_owned()
    };
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let account = Account::new(&text("sub"), &text("email"), &text("name"));
    let mut grant = new_grant(state, asked, client, Some(account), thumbprint);
    if let Some(resource) = claims["resource"].as_str() {
        grant.resource = Some(resource.to_owned());
    }
    Ok(issue(&mut state.memory(), state, asked, Issue { grant, nonce: None, with_refresh: false }))
}

/// Turns our ID token into an assertion for another authorization server (identity assertion grant).
pub(super) fn token_exchange(state: &State, asked: &Asked) -> Result<Value, Refusal> {
    let client = authenticate(state, asked)?;
    if asked.param("subject_token_type") != Some(ID_TOKEN)
        || asked.param("requested_token_type") != Some(ID_JAG)
    {
        return Err(Refusal::new("invalid_request", "only an id_token is exchanged, and only for an id-jag"));
    }
    let Some(audience) = asked.param("audience") else {
        return Err(Refusal::new("invalid_request", "an audience is needed"));
    };
    let subject =
        Parts::read(&asked.text("subject_token")).filter(|parts| parts.is_signed_by(&state.key.jwk()));
    let Some(subject) = subject.filter(|parts| parts.claims["aud"] == client.id.as_str()) else {
        return Err(Refusal::new("invalid_grant", "the subject token is not ours, or another client's"));
    };
    let mut claims = json!({
        "iss": asked.issuer(), "aud": audience, "client_id": client.id,
        "sub": subject.claims["sub"], "email": subject.claims["email"], "name": subject.claims["name"],
        "jti": super::state::secret("jti"), "iat": now(), "exp": now() + ASSERTION_LIFETIME,
    });
    for name in ["resource", "scope"] {
        if let Some(value) = asked.param(name) {
            claims[name] = json!(value);
        }
    }
    Ok(json!({
        "access_token": state.key.sign(&json!({ "typ": ID_JAG_TYP }), &claims),
        "issued_token_type": ID_JAG,
        "token_type": "N_A",
        "expires_in": ASSERTION_LIFETIME,
    }))
}

fn new_grant(
    state: &State,
    asked: &Asked,
    client: String,
    account: Option<Account>,
    thumbprint: Option<String>,
) -> Grant {
    let family = state.memory().new_family();
    let resource = asked.param("resource").map(str::to_owned);
    Grant { family, client, account, scope: asked.text("scope"), resource, thumbprint }
}
