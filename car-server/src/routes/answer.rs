//! Answers that say what is wrong, or one thing, as JSON.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// Answers with what is wrong (RFC 9457).
pub(crate) fn problem(status: StatusCode, what: &str) -> Response {
    #[derive(Serialize)]
    struct Problem<'a> {
        title: &'a str,
        status: u16,
        detail: &'a str,
    }
    let title = status.canonical_reason().unwrap_or_default();
    written(status, "application/problem+json", &Problem { title, status: status.as_u16(), detail: what })
}

/// Answers with something that was made for who asked, and for nobody after them.
pub(super) fn json(body: &impl Serialize) -> Response {
    written(StatusCode::OK, "application/json", body)
}

fn written(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Response {
    let body = serde_json::to_string(body).expect("what is answered has texts for keys");
    (status, [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
