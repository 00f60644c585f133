//! What went wrong, as RFC 9457 says it.

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::reply::{self, Reply};

/// A question that is not answered.
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Members that are wrong: a pointer, and what is wrong.
    errors: Vec<(&'static str, String)>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// Members of the question are wrong: all of them are named, so that one attempt mends them.
    pub(super) fn members(errors: Vec<(&'static str, String)>) -> Self {
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "the question has members that are wrong");
        problem.errors = errors;
        problem
    }

    /// Nobody is asked who they are without being told how to say it (RFC 6750, section 3). `error` is nothing where no
    /// token came at all.
    pub(super) fn challenge(error: Option<&'static str>, detail: &str) -> Self {
        let challenge = match error {
            None => "Bearer realm=\"agentdns\"".to_owned(),
            Some(error) => format!("Bearer realm=\"agentdns\", error=\"{error}\""),
        };
        let challenge = HeaderValue::from_str(&challenge).expect("a challenge is ASCII");
        Self::new(StatusCode::UNAUTHORIZED, detail).with(header::WWW_AUTHENTICATE, challenge)
    }

    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn reply(self) -> Reply {
        let title = self.status.canonical_reason().unwrap_or("Failed");
        let mut body = json!({ "title": title, "status": self.status.as_u16(), "detail": self.detail });
        if !self.errors.is_empty() {
            let errors = self.errors.iter();
            body["errors"] =
                errors.map(|(pointer, detail)| json!({ "pointer": pointer, "detail": detail })).collect();
        }
        let mut reply = reply::json(self.status, &body);
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        reply
    }
}
