//! HTTP+SSE of 2024-11-05: one stream for everything the server says, and an address to post to.

use std::sync::Arc;

use http::{StatusCode, Uri};
use serde_json::Value;

use super::methods;
use super::session::Session;
use crate::double::state::State;
use crate::reply::{self, Reply};

/// Answers `GET /sse`: the first event names the address to post to.
pub(in crate::double) fn open(state: &Arc<State>) -> Reply {
    let session = Session::new();
    state.keep_session(&session);
    let log = session.standalone();
    log.push_raw(format!("event: endpoint\ndata: /messages?session={}\n\n", session.id()));
    reply::events(log.read(0, usize::MAX))
}

/// Answers `POST /messages`: accepts the message, and answers it on the stream.
pub(in crate::double) fn post(state: &Arc<State>, uri: &Uri, message: Value) -> Reply {
    let id = uri.query().and_then(|query| query.strip_prefix("session="));
    let Some(session) = id.and_then(|id| state.session(id)) else {
        return reply::empty(StatusCode::NOT_FOUND);
    };
    if message["method"].is_string() && message.get("id").is_some() {
        let state = Arc::clone(state);
        tokio::spawn(async move {
            let log = Arc::clone(session.standalone());
            if let Some(answer) = methods::answer(&state, &session, Some(&log), &message).await {
                log.push(&answer);
            }
        });
    } else {
        methods::take(state, &session, message);
    }
    reply::empty(StatusCode::ACCEPTED)
}
