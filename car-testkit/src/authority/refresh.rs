//! Refreshing, and what becomes of the token that was used (RFC 6749 §6, RFC 9700 §4.14.2).

use serde_json::Value;
use tokio::time::Instant;

use super::client_auth::authenticate;
use super::issue::{Issue, issue};
use super::route::{Asked, Refusal};
use super::rules::Rotation;
use super::state::{Grant, Memory, State};

pub(super) fn answer(state: &State, asked: &Asked, thumbprint: Option<String>) -> Result<Value, Refusal> {
    let client = authenticate(state, asked)?;
    let token = asked.text("refresh_token");
    // Held to the end: of two requests with the same token, one comes second.
    let mut memory = state.memory();
    let grant = match look_up(&mut memory, asked, &token, &client.id)? {
        Found::Fresh(grant) => grant,
        Found::AnsweredBefore(answer) => return Ok(answer),
    };
    // The tokens of a public client stay with the key that got them (RFC 9449 §5).
    if grant.thumbprint.is_some() && grant.thumbprint != thumbprint {
        return Err(Refusal::new("invalid_dpop_proof", "the refresh token belongs to another key"));
    }
    let grant = narrowed(grant, asked)?;
    let rotates = asked.config.rotation != Rotation::None;
    let answer = issue(&mut memory, state, asked, Issue { grant, nonce: None, with_refresh: rotates });
    if rotates && let Some(used) = memory.refresh.get_mut(&token) {
        used.spent = Some((Instant::now(), answer.clone()));
    }
    Ok(answer)
}

enum Found {
    Fresh(Grant),
    AnsweredBefore(Value),
}

fn look_up(memory: &mut Memory, asked: &Asked, token: &str, client: &str) -> Result<Found, Refusal> {
    let refuse = |text| Err(Refusal::new("invalid_grant", text));
    let Some(refresh) = memory.refresh.get(token) else { return refuse("no such refresh token") };
    if refresh.grant.client != client {
        return refuse("the refresh token belongs to another client");
    }
    if memory.revoked.contains(&refresh.grant.family) {
        return refuse("the refresh token was revoked");
    }
    let Some((when, answer)) = &refresh.spent else { return Ok(Found::Fresh(refresh.grant.clone())) };
    if let Rotation::Grace(grace) = asked.config.rotation
        && when.elapsed() < grace
    {
        return Ok(Found::AnsweredBefore(answer.clone()));
    }
    memory.revoked.insert(refresh.grant.family);
    refuse("the refresh token was used before; everything that descends from it is revoked")
}

/// A refresh can narrow what was granted, not widen it.
fn narrowed(grant: Grant, asked: &Asked) -> Result<Grant, Refusal> {
    if asked.param("resource").is_some() && asked.param("resource") != grant.resource.as_deref() {
        return Err(Refusal::new("invalid_target", "the user agreed to another resource"));
    }
    let Some(scope) = asked.param("scope") else { return Ok(grant) };
    let is_granted = |wanted: &str| grant.scope.split(' ').any(|scope| scope == wanted);
    if !scope.split(' ').all(is_granted) {
        return Err(Refusal::new("invalid_scope", "more than the user agreed to"));
    }
    Ok(Grant { scope: scope.to_owned(), ..grant })
}
