//! What is sent: method, target, headers and a body that is whole in memory.

use crate::{target::Target, timeouts::Timeouts};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::fmt;

/// A request. Its body is whole in memory, so that it can be sent again where that is safe.
///
/// `Host`, `Content-Length` and `Transfer-Encoding` are the client's to set; what the caller puts there is
/// replaced.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to.
    pub target: Target,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty means none.
    pub body: Bytes,
    /// The time limits of this call; the client's own where `None`.
    pub timeouts: Option<Timeouts>,
}

impl Request {
    /// Returns a request without headers and body.
    #[must_use]
    pub fn new(method: Method, target: Target) -> Self {
        Self { method, target, headers: HeaderMap::new(), body: Bytes::new(), timeouts: None }
    }

    /// Returns a `GET` request.
    #[must_use]
    pub fn get(target: Target) -> Self {
        Self::new(Method::GET, target)
    }

    /// Returns a `POST` request.
    #[must_use]
    pub fn post(target: Target, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, target).with_body(body)
    }

    /// Sets a header, in place of any of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets all headers, in place of those set before.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the time limits of this call.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }
}

impl fmt::Debug for Request {
    /// Shows the names of the headers only: their values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_length", &self.body.len())
            .field("timeouts", &self.timeouts)
            .finish()
    }
}
