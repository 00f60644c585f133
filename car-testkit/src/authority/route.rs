//! From a request to its endpoint, and a note of it in the ledger.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header, request};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::config::AuthorityConfig;
use super::ledger::{Endpoint, Seen};
use super::state::State;
use super::{authorize, device, metadata, register, revoke, token, userinfo};
use crate::reply::{self, Reply};

/// One request, with all that its endpoint needs to know.
pub(super) struct Asked {
    /// The settings at its arrival.
    pub(super) config: AuthorityConfig,
    /// Scheme, host and port under which the server was asked.
    pub(super) origin: String,
    pub(super) seen: Seen,
}

impl Asked {
    pub(super) fn issuer(&self) -> String {
        format!("{}{}", self.origin, self.config.issuer_path)
    }

    /// A parameter of the query or of the form.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.seen.param(name)
    }

    /// No parameter comes twice but those that may (RFC 6749 §3.1, RFC 8707 §2, RFC 8693 §2.1).
    pub(super) fn check_repeats(&self) -> Result<(), Refusal> {
        let mut seen = HashSet::new();
        let mut names = self.seen.params.iter().map(|(name, _)| name.as_str());
        match names.find(|name| !matches!(*name, "resource" | "audience") && !seen.insert(*name)) {
            Some(name) => Err(Refusal::new("invalid_request", &format!("{name} comes twice"))),
            None => Ok(()),
        }
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.param(name).unwrap_or_default().to_owned()
    }
}

/// A request that is turned down, in the form of RFC 6749 §5.2.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: String,
    pub(super) description: String,
    /// The nonce to try again with (RFC 9449 §8).
    pub(super) nonce: Option<String>,
}

impl Refusal {
    pub(super) fn new(error: &str, description: &str) -> Self {
        Self { status: 400, error: error.to_owned(), description: description.to_owned(), nonce: None }
    }

    /// A client that is not who it says it is.
    pub(super) fn client(description: &str) -> Self {
        Self { status: 401, ..Self::new("invalid_client", description) }
    }

    pub(super) fn reply(&self) -> Reply {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut reply = answer_json(self.status, &body);
        if self.status == 401 {
            // For those that tried the header, and no harm to the others (RFC 6749 §5.2).
            let challenge = HeaderValue::from_static("Basic realm=\"token\"");
            reply.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(nonce) = &self.nonce {
            let nonce = HeaderValue::from_str(nonce).expect("our nonces are ASCII");
            reply.headers_mut().insert("dpop-nonce", nonce);
        }
        reply
    }
}

/// JSON that must not be stored (RFC 6749 §5.1).
pub(super) fn answer_json(status: u16, body: &Value) -> Reply {
    let status = StatusCode::from_u16(status).expect("a status that exists");
    let mut reply = reply::json(status, body);
    reply.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

pub(super) async fn answer(state: Arc<State>, request: Request<Incoming>) -> Reply {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return reply::empty(StatusCode::BAD_REQUEST) };
    let origin = state.origin().to_owned();
    answer_parts(&state, origin, &head, &body.to_bytes()).await
}

/// Answers a request that was read whole, for the server at `origin`.
pub(super) async fn answer_parts(state: &State, origin: String, head: &request::Parts, body: &[u8]) -> Reply {
    let config = state.config();
    let path = head.uri.path();
    let endpoint = endpoint(&config, path);
    let seen = Seen {
        endpoint,
        http_method: head.method.clone(),
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        params: params(&head.headers, head.uri.query().unwrap_or_default(), body),
        headers: head.headers.clone(),
        body: String::from_utf8_lossy(body).into_owned(),
        at: Instant::now(),
    };
    state.ledger.note(seen.clone());
    let asked = Asked { config, origin, seen };
    match (endpoint, &head.method) {
        (Endpoint::Metadata, &Method::GET) => metadata::answer(&asked).await,
        (Endpoint::Authorize, &Method::GET | &Method::POST) => authorize::answer(state, &asked),
        (Endpoint::Consent, &Method::GET | &Method::POST) => authorize::consented(state, &asked),
        (Endpoint::Token, &Method::POST) => token::answer(state, &asked).await,
        (Endpoint::Register, &Method::POST) => register::answer(state, &asked),
        (Endpoint::Revoke, &Method::POST) => revoke::answer(state, &asked),
        (Endpoint::Device, &Method::POST) => device::answer(state, &asked),
        (Endpoint::Activate, &Method::GET) => device::page(&asked),
        (Endpoint::Activate, &Method::POST) => device::entered(state, &asked),
        (Endpoint::UserInfo, &Method::GET | &Method::POST) => userinfo::answer(state, &asked),
        (Endpoint::Jwks, &Method::GET) => answer_json(200, &json!({ "keys": [state.key.jwk()] })),
        (Endpoint::Other, _) => reply::empty(StatusCode::NOT_FOUND),
        _ => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn endpoint(config: &AuthorityConfig, path: &str) -> Endpoint {
    if metadata::is_at(config, path) {
        return Endpoint::Metadata;
    }
    match path.strip_prefix(config.issuer_path.as_str()) {
        Some("/authorize") => Endpoint::Authorize,
        Some("/consent") => Endpoint::Consent,
        Some("/token") => Endpoint::Token,
        Some("/register") => Endpoint::Register,
        Some("/revoke") => Endpoint::Revoke,
        Some("/device") => Endpoint::Device,
        Some("/activate") => Endpoint::Activate,
        Some("/userinfo") => Endpoint::UserInfo,
        Some("/jwks") => Endpoint::Jwks,
        _ => Endpoint::Other,
    }
}

fn params(headers: &HeaderMap, query: &str, body: &[u8]) -> Vec<(String, String)> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_form = kind.starts_with("application/x-www-form-urlencoded");
    let form = if is_form { body } else { &[] };
    url::form_urlencoded::parse(query.as_bytes())
        .chain(url::form_urlencoded::parse(form))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}
