//! The claims of the user who signed in (OpenID Connect Core §5.3).

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::route::{Asked, answer_json};
use super::state::State;
use crate::reply::{self, Reply};

pub(super) fn answer(state: &State, asked: &Asked) -> Reply {
    let token = asked.seen.authorization().and_then(|value| value.split_once(' ')).map(|(_, token)| token);
    let memory = state.memory();
    let account = token.and_then(|token| memory.live(token)).and_then(|access| access.grant.account.as_ref());
    let Some(account) = account else {
        let mut reply = reply::empty(StatusCode::UNAUTHORIZED);
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        reply.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        return reply;
    };
    answer_json(200, &json!({ "sub": account.subject, "email": account.email, "name": account.name }))
}
