//! The token endpoint: what goes wrong on purpose, then one function per grant.

use http::{HeaderValue, header};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::authorize::check_resource;
use super::client_auth::authenticate;
use super::dpop;
use super::grants;
use super::issue::{Issue, issue};
use super::jwt::sha256;
use super::refresh;
use super::route::{Asked, Refusal, answer_json};
use super::rules::TokenFault;
use super::state::{Grant, State};
use crate::reply::Reply;

/// `grant_types_supported`.
pub(super) const GRANTS: [&str; 6] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    grants::DEVICE_CODE,
    grants::JWT_BEARER,
    grants::TOKEN_EXCHANGE,
];

pub(super) async fn answer(state: &State, asked: &Asked) -> Reply {
    let is_refresh = asked.param("grant_type") == Some("refresh_token");
    let fault = if is_refresh { &asked.config.refresh_fault } else { &asked.config.token_fault };
    match fault {
        Some(TokenFault::Canned(canned)) => return canned.reply().await,
        Some(TokenFault::Error(status, error)) => {
            return Refusal { status: *status, ..Refusal::new(error, "told to fail") }.reply();
        }
        Some(TokenFault::TooMany(seconds)) => {
            let mut reply = answer_json(429, &json!({ "error": "slow_down" }));
            reply.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            return reply;
        }
        Some(TokenFault::DeadToken) | None => {}
    }
    let is_dead = matches!(fault, Some(TokenFault::DeadToken));
    let answered = grant(state, asked).map(|mut answer| {
        if is_dead && let Some(token) = answer["access_token"].as_str() {
            state.memory().access.remove(token);
        }
        super::metadata::merge(&mut answer, &asked.config.token_patch);
        answer
    });
    if is_refresh {
        // Whoever gives up here has lost the answer; the rotation stands.
        tokio::time::sleep(asked.config.refresh_delay).await;
    }
    match answered {
        Ok(answer) => answer_json(200, &answer),
        Err(refusal) => refusal.reply(),
    }
}

fn grant(state: &State, asked: &Asked) -> Result<Value, Refusal> {
    let kind = asked.param("grant_type").unwrap_or_default();
    if !GRANTS.contains(&kind) {
        return Err(Refusal::new("unsupported_grant_type", "not a grant of this server"));
    }
    if !asked.seen.query.is_empty() {
        // It would stand in every log on the way (RFC 6749 §2.3.1).
        return Err(Refusal::new("invalid_request", "parameters belong in the body"));
    }
    asked.check_repeats()?;
    check_resource(asked)?;
    let thumbprint = dpop::at_token_endpoint(state, asked)?;
    match kind {
        "authorization_code" => code(state, asked, thumbprint),
        "refresh_token" => refresh::answer(state, asked, thumbprint),
        "client_credentials" => grants::client_credentials(state, asked, thumbprint),
        grants::DEVICE_CODE => grants::device(state, asked, thumbprint),
        grants::JWT_BEARER => grants::jwt_bearer(state, asked, thumbprint),
        _ => grants::token_exchange(state, asked),
    }
}

/// Redeems a code (OAuth 2.1 §4.1.3).
fn code(state: &State, asked: &Asked, thumbprint: Option<String>) -> Result<Value, Refusal> {
    let client = authenticate(state, asked)?;
    let (grant, nonce) = spend(state, asked, &client.id)?;
    if grant.thumbprint.is_some() && grant.thumbprint != thumbprint {
        return Err(Refusal::new("invalid_dpop_proof", "the code belongs to another key"));
    }
    let grant = Grant { thumbprint, ..grant };
    Ok(issue(&mut state.memory(), state, asked, Issue { grant, nonce, with_refresh: true }))
}

fn spend(state: &State, asked: &Asked, client: &str) -> Result<(Grant, Option<String>), Refusal> {
    let refuse = |text| Err(Refusal::new("invalid_grant", text));
    let mut memory = state.memory();
    let memory = &mut *memory;
    let Some(code) = memory.codes.get_mut(&asked.text("code")) else { return refuse("no such code") };
    if code.grant.client != client {
        return refuse("the code belongs to another client");
    }
    if code.is_spent {
        // Somebody has copied it, and whoever came first may be the thief (OAuth 2.1 §4.1.3).
        memory.revoked.insert(code.grant.family);
        return refuse("the code was used before");
    }
    code.is_spent = true;
    if Instant::now() >= code.expires {
        return refuse("the code has expired");
    }
    if code.redirect_uri != asked.text("redirect_uri") {
        return refuse("the redirect URI is not that of the authorization request");
    }
    if code.challenge != sha256(asked.text("code_verifier").as_bytes()) {
        return refuse("the code verifier does not fit");
    }
    if asked.param("resource").is_some() && asked.param("resource") != code.grant.resource.as_deref() {
        return Err(Refusal::new("invalid_target", "the user agreed to another resource"));
    }
    Ok((code.grant.clone(), code.nonce.clone()))
}
