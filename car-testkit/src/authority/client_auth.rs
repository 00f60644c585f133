//! Who asks at the token endpoint, and how it proves that (RFC 6749 §2.3, RFC 7523 §2.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::jwt::{Parts, now};
use super::people::Client;
use super::route::{Asked, Refusal};
use super::state::State;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the request says about who sends it.
struct Shown {
    method: &'static str,
    id: String,
    secret: Option<String>,
}

/// Returns the client that sent the request, once it has proved that.
pub(super) fn authenticate(state: &State, asked: &Asked) -> Result<Client, Refusal> {
    let shown = shown(asked)?;
    let Some(client) = state.client(&asked.config, &shown.id) else {
        return Err(Refusal::client("this client is not known"));
    };
    if !asked.config.token_auth_methods.iter().any(|method| method == shown.method) {
        return Err(Refusal::client(&format!("the method {} is not supported", shown.method)));
    }
    if client.auth_method.as_deref().is_some_and(|method| method != shown.method) {
        return Err(Refusal::client("this client has registered another method"));
    }
    if shown.method == "private_key_jwt" {
        check_assertion(state, asked, &client)?;
    } else if client.jwk.is_some() {
        return Err(Refusal::client("this client signs with a key"));
    } else if client.auth_method.as_deref() != Some("none") && client.secret != shown.secret {
        return Err(Refusal::client("the secret is wrong"));
    } else if shown.secret.is_some() && client.secret_expires != 0 && client.secret_expires <= now() {
        return Err(Refusal::client("the secret has expired"));
    }
    Ok(client)
}

fn shown(asked: &Asked) -> Result<Shown, Refusal> {
    if let Some(basic) = asked.seen.authorization().and_then(|value| value.strip_prefix("Basic ")) {
        let pair = STANDARD.decode(basic).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
            return Err(Refusal::client("the Basic header cannot be read"));
        };
        return Ok(Shown { method: "client_secret_basic", id: form(id), secret: Some(form(secret)) });
    }
    if let Some(assertion) = asked.param("client_assertion") {
        if asked.param("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(Refusal::client("the assertion is of no known type"));
        }
        let id = Parts::read(assertion).and_then(|parts| parts.claims["sub"].as_str().map(str::to_owned));
        let id = id.ok_or_else(|| Refusal::client("the assertion cannot be read"))?;
        return Ok(Shown { method: "private_key_jwt", id, secret: None });
    }
    let secret = asked.param("client_secret").map(str::to_owned);
    let method = if secret.is_some() { "client_secret_post" } else { "none" };
    Ok(Shown { method, id: asked.text("client_id"), secret })
}

/// Undoes the form encoding that both halves of a Basic header carry (RFC 6749 §2.3.1).
fn form(text: &str) -> String {
    let encoded = format!("v={text}");
    url::form_urlencoded::parse(encoded.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn check_assertion(state: &State, asked: &Asked, client: &Client) -> Result<(), Refusal> {
    let refuse = |text| Err(Refusal::client(text));
    let Some(parts) = Parts::read(&asked.text("client_assertion")) else { return refuse("no assertion") };
    let Some(jwk) = &client.jwk else { return refuse("this client has no key") };
    if !parts.is_signed_by(jwk) {
        return refuse("the assertion's signature is wrong");
    }
    let claims = &parts.claims;
    if claims["iss"] != client.id.as_str() {
        return refuse("the assertion's iss is not the client");
    }
    let issuer = asked.issuer();
    let audiences = [issuer.clone(), format!("{issuer}/"), format!("{issuer}/token")];
    let is_for_us =
        |value: &serde_json::Value| value.as_str().is_some_and(|text| audiences.iter().any(|a| a == text));
    if !is_for_us(&claims["aud"]) && !claims["aud"].as_array().is_some_and(|all| all.iter().any(is_for_us)) {
        return refuse("the assertion is for somebody else");
    }
    if claims["exp"].as_u64().is_none_or(|expires| expires <= now()) {
        return refuse("the assertion has expired");
    }
    let Some(jti) = claims["jti"].as_str() else { return refuse("the assertion has no jti") };
    if !state.memory().proofs.insert(format!("assertion {jti}")) {
        return refuse("the assertion was used before");
    }
    Ok(())
}
