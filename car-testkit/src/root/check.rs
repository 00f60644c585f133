//! Checks a question before it is answered: where, how, by whom, and what.

use http::{HeaderValue, Method, StatusCode, header, request};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use super::problem::Problem;

/// Where a root is asked, below its base URL.
const PATH: &str = "/agentdns/resolve";
/// The largest question, in bytes: the longest need, every character of it escaped, with room to spare.
pub(super) const MAX_QUESTION_BYTES: usize = 64 * 1024;
/// The longest need, in characters.
const MAX_NEED_CHARS: usize = 2_000;
/// The most services that may be asked for.
const MAX_LIMIT: u64 = 100;

/// A question that can be answered.
pub(super) struct Question {
    pub(super) need: String,
    pub(super) limit: usize,
}

/// Checks all that the head shows.
pub(super) fn head(head: &request::Parts, token: Option<&str>) -> Result<(), Problem> {
    if head.uri.path() != PATH {
        return Err(Problem::new(StatusCode::NOT_FOUND, format!("there is only {PATH} here")));
    }
    if head.method != Method::POST {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "only POST asks a root");
        return Err(problem.with(header::ALLOW, HeaderValue::from_static("POST")));
    }
    if let Some(token) = token {
        bearer(head, token)?;
    }
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a question is application/json");
        return Err(problem.with(header::ACCEPT, HeaderValue::from_static("application/json")));
    }
    Ok(())
}

/// RFC 6750, sections 2.1 and 3.1. Only the header is read: a token in the URL would stand in logs.
fn bearer(head: &request::Parts, token: &str) -> Result<(), Problem> {
    let Some(given) = head.headers.get(header::AUTHORIZATION) else {
        return Err(Problem::challenge(None, "this root wants to know who asks"));
    };
    let given = given.as_bytes();
    let is_bearer = given.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
    // In constant time, so that how long it takes says nothing of the token.
    let is_same = |given: &[u8]| {
        let differences = given.iter().zip(token.as_bytes()).fold(0, |all, (one, other)| all | (one ^ other));
        given.len() == token.len() && differences == 0
    };
    match is_bearer && is_same(&given[7..]) {
        true => Ok(()),
        false => Err(Problem::challenge(Some("invalid_token"), "this token is not good here")),
    }
}

/// Reads the body, no more of it than a question has.
pub(super) async fn body(body: Incoming) -> Result<Question, Problem> {
    let Ok(body) = Limited::new(body, MAX_QUESTION_BYTES).collect().await else {
        let detail = format!("a question has at most {MAX_QUESTION_BYTES} bytes");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    };
    let asked: Value = serde_json::from_slice(&body.to_bytes()).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("the question is not JSON: {error}"))
    })?;
    if !asked.is_object() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "the question is not a JSON object"));
    }
    question(&asked)
}

fn question(asked: &Value) -> Result<Question, Problem> {
    let mut errors = Vec::new();
    let need = asked["need"].as_str().map(str::trim).unwrap_or_default();
    match need.chars().count() {
        0 => errors.push(("#/need", "expected what is needed, in words".to_owned())),
        found if found > MAX_NEED_CHARS => {
            errors.push(("#/need", format!("expected at most {MAX_NEED_CHARS} characters, found {found}")));
        }
        _ if need.chars().any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t')) => {
            errors.push(("#/need", "expected text, found a control character".to_owned()));
        }
        _ => {}
    }
    let limit = asked["limit"].as_u64().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    if limit.is_none() {
        errors.push(("#/limit", format!("expected a number from 1 to {MAX_LIMIT}")));
    }
    match limit.and_then(|limit| usize::try_from(limit).ok()) {
        Some(limit) if errors.is_empty() => Ok(Question { need: need.to_owned(), limit }),
        _ => Err(Problem::members(errors)),
    }
}
