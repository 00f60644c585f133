//! The seam for whoever knows whether a token is good.

use std::fmt;
use std::time::{Duration, SystemTime};

use car_mcp::server::Principal;
use car_mcp::transport::BoxFuture;
use http::request::Parts;

/// A token as it came in a request: it has the form of a bearer token, nothing else is known. `Debug` hides it.
#[derive(Clone, Copy)]
pub struct BearerToken<'a>(&'a str);

impl<'a> BearerToken<'a> {
    /// Takes a text for a token.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Returns the text, to be checked and not to be passed on: a token is for this server alone.
    pub const fn expose(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

/// What a good token says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedToken {
    /// In whose name the request is made, and what they were granted.
    pub principal: Principal,
    /// When it stops being good; nothing where that is not known.
    pub expires_at: Option<SystemTime>,
}

impl VerifiedToken {
    /// Returns what a token says whose end is not known.
    pub const fn new(principal: Principal) -> Self {
        Self { principal, expires_at: None }
    }

    /// Sets when it stops being good.
    #[must_use]
    pub const fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires_at = Some(time);
        self
    }
}

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It is no token of this server's: forged, revoked, for another audience, not a token at all.
    #[error("{0}")]
    Invalid(
        /// What was expected and found, for the client's author. It goes to the client: nothing of the token in it.
        String,
    ),
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// Nobody can tell at the moment, because the authorization server cannot be reached.
    #[error("the token cannot be checked at the moment")]
    Unavailable {
        /// After how long the client may ask again.
        retry_after: Duration,
    },
}

/// Tells whether a token is good, and what it says.
///
/// Answers are kept for a minute at most (see [`ProtectedResource::keep_answers_for`]), so a revoked token is taken for
/// that long.
///
/// [`ProtectedResource::keep_answers_for`]: super::ProtectedResource::keep_answers_for
pub trait TokenVerifier: Send + Sync {
    /// Checks a token: that an authorization server of this resource issued it, that it is meant for this resource
    /// (RFC 8707), and that it is still good. The head is that of the request it came with.
    ///
    /// # Errors
    /// Says why it is not taken.
    ///
    /// # Cancel safety
    /// Dropped with the request that asks.
    fn verify<'a>(
        &'a self,
        token: BearerToken<'a>,
        head: &'a Parts,
    ) -> BoxFuture<'a, Result<VerifiedToken, VerifyError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_hides_in_debug_output() {
        assert_eq!(format!("{:?}", Some(BearerToken::new("hunter2"))), "Some([redacted])");
    }
}
