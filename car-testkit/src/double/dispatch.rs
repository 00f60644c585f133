//! Decides which era a request belongs to, by what it carries and never by its method's name.

use std::sync::Arc;

use http::{HeaderMap, Method, Request, StatusCode, Uri, header, request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::Value;

use super::config::Era;
use super::state::State;
use super::{legacy, modern};
use crate::authority::Guarded;
use crate::ledger::Seen;
use crate::reply::{self, Reply};

/// The version header of every revision since 2025-06-18.
pub(super) const VERSION_HEADER: &str = "mcp-protocol-version";
/// The session header of the legacy revisions.
pub(super) const SESSION_HEADER: &str = "mcp-session-id";

pub(super) async fn answer(state: Arc<State>, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    // A body that the client cut is a request that never came.
    let Ok(body) = body.collect().await else { return reply::empty(StatusCode::BAD_REQUEST) };
    let body = body.to_bytes();
    let message = serde_json::from_slice::<Value>(&body);
    state.ledger.note_request(Seen {
        http_method: head.method.clone(),
        path: head.uri.path().to_owned(),
        rpc_method: message.as_ref().ok().and_then(|message| message["method"].as_str().map(str::to_owned)),
        headers: head.headers.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    if !is_local(&head.headers) {
        return reply::empty(StatusCode::FORBIDDEN);
    }
    if let Some(protection) = &state.config.protection {
        let origin = origin(&state, &head);
        let value = message.as_ref().unwrap_or(&Value::Null);
        let asked = Guarded { origin: &origin, head: &head, body: &body, message: value };
        if let Some(refusal) = protection.intercept(&asked).await {
            return refusal;
        }
    }
    match (head.uri.path(), head.method.clone()) {
        ("/mcp", Method::POST) => match message {
            Err(_) => reply::json(
                StatusCode::BAD_REQUEST,
                &reply::error(None, -32700, "the body is not JSON", None),
            ),
            Ok(message) => post(&state, &head.headers, message).await,
        },
        ("/mcp", Method::GET | Method::DELETE) if state.config.era == Era::Modern => {
            reply::empty(StatusCode::METHOD_NOT_ALLOWED)
        }
        ("/mcp", Method::GET) => legacy::open_stream(&state, &head.headers),
        ("/mcp", Method::DELETE) => legacy::end_session(&state, &head.headers),
        ("/mcp", _) => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
        ("/sse", Method::GET) if state.config.era != Era::Modern => legacy::open_pair(&state),
        ("/messages", Method::POST) => match message {
            Err(_) => reply::empty(StatusCode::BAD_REQUEST),
            Ok(message) => legacy::post_to_pair(&state, &head.uri, message),
        },
        _ => reply::empty(StatusCode::NOT_FOUND),
    }
}

/// Scheme, host and port under which the server was asked, whichever way the HTTP version says it.
fn origin(state: &State, head: &request::Parts) -> String {
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = head.uri.authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
    format!("{}://{authority}", if state.config.tls.is_some() { "https" } else { "http" })
}

async fn post(state: &Arc<State>, headers: &HeaderMap, message: Value) -> Reply {
    if is_legacy(state, headers, &message) {
        legacy::post(state, headers, message).await
    } else {
        modern::post(state, headers, message).await
    }
}

fn is_legacy(state: &State, headers: &HeaderMap, message: &Value) -> bool {
    match state.config.era {
        Era::Modern => false,
        Era::Legacy => true,
        Era::Both => {
            let version = headers.get(VERSION_HEADER).and_then(|value| value.to_str().ok());
            let has_meta = message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"].is_string();
            if headers.contains_key(SESSION_HEADER) {
                return true;
            }
            !has_meta && version.is_none_or(legacy::is_known)
        }
    }
}

/// Refuses pages of other sites, which could reach a loopback server through a name that resolves to it.
fn is_local(headers: &HeaderMap) -> bool {
    let local = |authority: &str| {
        let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
            if port.chars().all(|digit| digit.is_ascii_digit()) { host } else { authority }
        });
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    };
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    let origin = text(header::ORIGIN).is_none_or(|origin| {
        origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(|authority| local(authority.as_str())))
            == Some(true)
    });
    // HTTP/2 carries the host in the URI, and hyper leaves the header out.
    origin && text(header::HOST).is_none_or(local)
}
