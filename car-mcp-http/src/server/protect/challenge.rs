//! Answers to requests that are not let in (RFC 6750 §3, RFC 9728 §5.1).

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::server::body::ResponseBody;

/// What a challenge says beside its scheme. Every part is made fit for the header when it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Challenge<'a> {
    pub(super) realm: Option<&'a str>,
    pub(super) resource_metadata: &'a str,
    /// The scopes that are needed, already granted ones among them.
    pub(super) scopes: &'a [&'a str],
    /// The code and what is wrong; nothing where the client has not tried to prove who it is (RFC 6750 §3.1).
    pub(super) error: Option<(&'static str, &'a str)>,
}

impl Challenge<'_> {
    fn value(&self) -> HeaderValue {
        let mut params = Vec::new();
        let mut add = |name: &str, text: &str| params.push(format!("{name}=\"{}\"", quotable(text)));
        if let Some(realm) = self.realm {
            add("realm", realm);
        }
        add("resource_metadata", self.resource_metadata);
        if !self.scopes.is_empty() {
            add("scope", &self.scopes.join(" "));
        }
        if let Some((code, description)) = self.error {
            add("error", code);
            add("error_description", description);
        }
        let value = HeaderValue::try_from(format!("Bearer {}", params.join(", ")));
        value.expect("what is quotable is printable ASCII")
    }

    /// Returns the answer of this status.
    pub(super) fn response(&self, status: StatusCode) -> Response<ResponseBody> {
        let (error, error_description) =
            self.error.unwrap_or(("unauthorized", "expected a bearer token, found none"));
        let mut response = refusal(status, error, error_description);
        response.headers_mut().insert(WWW_AUTHENTICATE, self.value());
        response
    }
}

/// Returns the answer to a request whose token nobody can check at the moment.
pub(super) fn unavailable(retry_after: Duration) -> Response<ResponseBody> {
    let mut response = refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "temporarily_unavailable",
        "the token cannot be checked at the moment",
    );
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after.as_secs().max(1)));
    response
}

#[derive(Serialize)]
struct Refusal<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// The body is for people and logs; clients go by the header.
fn refusal(status: StatusCode, error: &str, error_description: &str) -> Response<ResponseBody> {
    let body = serde_json::to_vec(&Refusal { error, error_description }).expect("texts can be written");
    let mut response = Response::new(ResponseBody::full(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a text is a scope (RFC 6749 §3.3).
pub(super) fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// Makes a text fit to stand between quotes: RFC 6750 §3 allows neither `"` nor `\`, not even escaped, and nothing
/// that is not printable ASCII.
fn quotable(text: &str) -> String {
    let fit = |character| match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_challenge_says_where_to_sign_in_and_accuses_nobody() {
        let challenge = Challenge { resource_metadata: "https://a/.well-known/x", ..Challenge::default() };
        assert_eq!(challenge.value(), "Bearer resource_metadata=\"https://a/.well-known/x\"");
    }

    #[test]
    fn a_challenge_has_its_parts_in_order() {
        let challenge = Challenge {
            realm: Some("files"),
            resource_metadata: "https://a/m",
            scopes: &["read", "write"],
            error: Some(("insufficient_scope", "more is needed")),
        };
        assert_eq!(
            challenge.value(),
            "Bearer realm=\"files\", resource_metadata=\"https://a/m\", scope=\"read write\", \
             error=\"insufficient_scope\", error_description=\"more is needed\""
        );
    }

    #[test]
    fn no_text_gets_out_of_its_quotes_or_its_header() {
        let nasty = "a\" , error=\"x\\\r\nSet-Cookie: a=b\u{e9}\0";
        let challenge = Challenge {
            realm: Some(nasty),
            resource_metadata: nasty,
            scopes: &[nasty],
            error: Some(("invalid_token", nasty)),
        };
        let value = challenge.value();
        let text = value.to_str().unwrap();
        assert_eq!(text.matches('"').count(), 10, "{text}");
        assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b'\\'), "{text}");
    }

    #[test]
    fn asks_to_wait_for_whole_seconds() {
        assert_eq!(unavailable(Duration::from_millis(1)).headers()[RETRY_AFTER], "1");
        assert_eq!(unavailable(Duration::from_secs(30)).headers()[RETRY_AFTER], "30");
    }
}
