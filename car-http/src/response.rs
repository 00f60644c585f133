//! What comes back: the head at once, the body as it arrives.

use crate::{body::Body, target::Target};
use http::{HeaderMap, StatusCode, Version};
use std::fmt;

/// The answer to a request. Every status is an answer; only a failure to get one is an error.
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) target: Target,
    pub(crate) body: Body,
}

impl Response {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the target that answered: the last one, where redirects were followed.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Returns the version of HTTP that was spoken.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the body, to be read while the head is kept.
    #[must_use]
    pub fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Returns the body alone.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Takes the answer apart into its headers and its body.
    #[must_use]
    pub fn into_parts(self) -> (StatusCode, HeaderMap, Body) {
        (self.status, self.headers, self.body)
    }
}

impl fmt::Debug for Response {
    /// Shows the names of the headers only: their values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("version", &self.version)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .finish()
    }
}
