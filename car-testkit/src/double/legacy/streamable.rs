//! Streamable HTTP of 2025: sessions, streams that can be resumed, a stream for what belongs to no request.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

use super::session::Session;
use super::{BATCHING, PRIMING, is_known, methods};
use crate::double::config::Answers;
use crate::double::dispatch::{SESSION_HEADER, VERSION_HEADER};
use crate::double::state::State;
use crate::reply::{self, Reply};

/// The code that the SDKs use for anything wrong with the session.
const BAD_SESSION: i64 = -32000;
/// The id under which a server without sessions keeps its one conversation.
const NO_SESSION: &str = "";

pub(in crate::double) async fn post(state: &Arc<State>, headers: &HeaderMap, message: Value) -> Reply {
    if message["method"] == "initialize" {
        return initialize(state, message).await;
    }
    let session = match find(state, headers) {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    match message {
        Value::Array(batch) if session.version() == BATCHING => {
            let mut answers = Vec::new();
            for message in batch {
                if is_request(&message) {
                    answers.extend(methods::answer(state, &session, None, &message).await);
                } else {
                    methods::take(state, &session, message);
                }
            }
            if answers.is_empty() {
                return reply::empty(StatusCode::ACCEPTED);
            }
            reply::json(StatusCode::OK, &Value::Array(answers))
        }
        Value::Object(_) if is_request(&message) => respond(state, session, message).await,
        Value::Object(_) => {
            methods::take(state, &session, message);
            reply::empty(StatusCode::ACCEPTED)
        }
        _ => refuse(StatusCode::BAD_REQUEST, -32600, "the body is not one message"),
    }
}

/// Answers GET: the standalone stream, or the rest of the stream that `Last-Event-ID` names.
pub(in crate::double) fn open_stream(state: &Arc<State>, headers: &HeaderMap) -> Reply {
    let session = match find(state, headers) {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    let Some(event) = headers.get("last-event-id") else {
        let log = session.standalone();
        return reply::events(log.read(log.len(), usize::MAX));
    };
    let found =
        event.to_str().ok().filter(|_| state.config.resumable).and_then(|event| session.resume(event));
    match found {
        Some((log, place)) => reply::events(log.read(place, usize::MAX)),
        None => refuse(StatusCode::BAD_REQUEST, BAD_SESSION, "this event id was not given here"),
    }
}

pub(in crate::double) fn end_session(state: &Arc<State>, headers: &HeaderMap) -> Reply {
    match find(state, headers) {
        Ok(session) if state.config.sessions => {
            session.standalone().close();
            // Another DELETE may have been quicker; the session is gone either way.
            let _gone = state.end_session(session.id());
            reply::empty(StatusCode::NO_CONTENT)
        }
        Ok(_) => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        Err(refusal) => refusal,
    }
}

async fn initialize(state: &Arc<State>, message: Value) -> Reply {
    let session = if state.config.sessions { Session::new() } else { shared(state) };
    let failed = methods::answer(state, &session, None, &message).await;
    let Some(answer) = failed else { return reply::empty(StatusCode::ACCEPTED) };
    let mut reply = reply::json(StatusCode::OK, &batched(state, answer));
    if state.config.sessions {
        state.keep_session(&session);
        let id = HeaderValue::from_str(session.id()).expect("a session id is hexadecimal");
        reply.headers_mut().insert(SESSION_HEADER, id);
    }
    reply
}

async fn respond(state: &Arc<State>, session: Arc<Session>, message: Value) -> Reply {
    if state.config.answers == Answers::Json && !methods::needs_stream(&message) {
        let answer = methods::answer(state, &session, None, &message).await;
        return match answer {
            Some(answer) => reply::json(StatusCode::OK, &batched(state, answer)),
            None => reply::empty(StatusCode::ACCEPTED),
        };
    }
    let log = session.new_stream();
    let primes = state.config.resumable && session.version() == PRIMING;
    if primes {
        log.prime(state.config.retry_ms);
    }
    // Only the priming event is read where the stream is to be lost; the answer waits in the log.
    let limit = if methods::drops_stream(&message) { usize::from(primes) } else { usize::MAX };
    let events = log.read(0, limit);
    let state = Arc::clone(state);
    // Goes on when the client loses the connection: in these revisions that is no cancellation.
    tokio::spawn(async move {
        if let Some(answer) = methods::answer(&state, &session, Some(&log), &message).await {
            log.push(&batched(&state, answer));
        }
        log.close();
    });
    reply::events(events)
}

#[expect(clippy::result_large_err, reason = "the refusal is sent at once, it is not carried far")]
fn find(state: &Arc<State>, headers: &HeaderMap) -> Result<Arc<Session>, Reply> {
    let version = headers.get(VERSION_HEADER).map(|version| version.to_str().unwrap_or("?"));
    if version.is_some_and(|version| !is_known(version)) {
        return Err(refuse(
            StatusCode::BAD_REQUEST,
            BAD_SESSION,
            "Bad Request: Unsupported protocol version",
        ));
    }
    if !state.config.sessions {
        return Ok(shared(state));
    }
    let Some(id) = headers.get(SESSION_HEADER) else {
        return Err(refuse(StatusCode::BAD_REQUEST, BAD_SESSION, "Bad Request: a session id is required"));
    };
    let session = id.to_str().ok().and_then(|id| state.session(id));
    session.ok_or_else(|| refuse(StatusCode::NOT_FOUND, -32001, "Session not found"))
}

/// The one conversation of a server without sessions.
fn shared(state: &Arc<State>) -> Arc<Session> {
    state.session(NO_SESSION).unwrap_or_else(|| {
        let session = Session::shared();
        state.keep_session(&session);
        session
    })
}

fn is_request(message: &Value) -> bool {
    message["method"].is_string() && message.get("id").is_some()
}

fn batched(state: &State, answer: Value) -> Value {
    if state.config.batches { Value::Array(vec![answer]) } else { answer }
}

fn refuse(status: StatusCode, code: i64, message: &str) -> Reply {
    reply::json(status, &reply::error(None, code, message, None))
}
