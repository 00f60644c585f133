//! Revocation (RFC 7009).

use http::StatusCode;

use super::client_auth::authenticate;
use super::route::Asked;
use super::state::State;
use crate::reply::{self, Reply};

/// A refresh token takes its whole family with it; an access token goes alone. An unknown token is no error.
pub(super) fn answer(state: &State, asked: &Asked) -> Reply {
    let client = match authenticate(state, asked) {
        Ok(client) => client.id,
        Err(refusal) => return refusal.reply(),
    };
    let token = asked.text("token");
    let mut memory = state.memory();
    let family = memory.refresh.get(&token).filter(|refresh| refresh.grant.client == client);
    if let Some(family) = family.map(|refresh| refresh.grant.family) {
        memory.revoked.insert(family);
    }
    if memory.access.get(&token).is_some_and(|access| access.grant.client == client) {
        memory.access.remove(&token);
    }
    reply::empty(StatusCode::OK)
}
