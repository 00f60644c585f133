//! Giving a token back (RFC 7009).

use crate::Error;
use crate::endpoint::Endpoint;
use crate::form::Form;
use crate::issuer::Issuer;
use crate::secret::Secret;
use crate::token::TokenRequest;
use crate::token::answer::{Answer, Source};

/// What kind of token is given back (RFC 7009 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenHint {
    /// An access token.
    AccessToken,
    /// A refresh token; with it the access tokens of the same grant end.
    RefreshToken,
}

/// A request to forget a token.
#[derive(Clone, Copy, Debug)]
pub struct RevocationRequest<'a> {
    endpoint: &'a Endpoint,
    token: &'a Secret,
    hint: TokenHint,
}

impl<'a> RevocationRequest<'a> {
    /// Asks to forget a token.
    #[must_use]
    pub const fn new(endpoint: &'a Endpoint, token: &'a Secret, hint: TokenHint) -> Self {
        Self { endpoint, token, hint }
    }

    /// Returns what to send; the client has to be put into it.
    #[must_use]
    pub fn request(&self) -> TokenRequest {
        let hint = match self.hint {
            TokenHint::AccessToken => "access_token",
            TokenHint::RefreshToken => "refresh_token",
        };
        let form = Form::new().with("token", self.token.expose()).with("token_type_hint", hint);
        TokenRequest::from_form(self.endpoint, form)
    }

    /// Reads the answer. A token that the server does not know counts as forgotten (RFC 7009 §2.2).
    ///
    /// # Errors
    /// [`Error::TokenRefused`] or [`Error::ServerFailed`].
    pub fn parse_answer(status: u16, body: &[u8], issuer: &Issuer) -> Result<(), Error> {
        // What else a success says does not matter, and mostly is no JSON.
        if (200..300).contains(&status) {
            return Ok(());
        }
        Answer::read(status, body, Source { issuer, endpoint: "revocation" }).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::fixtures::{ISSUER, endpoint, issuer};

    #[test]
    fn sends_the_token_and_what_it_is() {
        let (endpoint, token) = (endpoint("/revoke"), Secret::new("a+b"));
        let body = |hint| RevocationRequest::new(&endpoint, &token, hint).request().body().to_string();
        assert_eq!(body(TokenHint::RefreshToken), "token=a%2Bb&token_type_hint=refresh_token");
        assert_eq!(body(TokenHint::AccessToken), "token=a%2Bb&token_type_hint=access_token");
    }

    #[test]
    fn any_success_means_that_the_token_is_gone() {
        for (status, body) in [(200, ""), (200, "ok"), (204, ""), (200, r#"{"error":null}"#)] {
            assert!(RevocationRequest::parse_answer(status, body.as_bytes(), &issuer(ISSUER)).is_ok());
        }
    }

    #[test]
    fn a_refusal_and_a_failure_are_told_apart() {
        let parse = |status, body: &str| {
            RevocationRequest::parse_answer(status, body.as_bytes(), &issuer(ISSUER)).unwrap_err()
        };
        let refused = parse(400, r#"{"error":"unsupported_token_type"}"#);
        assert!(matches!(refused, Error::TokenRefused { error, .. } if error == "unsupported_token_type"));
        let failed = parse(503, "");
        assert!(matches!(&failed, Error::ServerFailed { endpoint: "revocation", status: 503, .. }));
        assert!(failed.is_transient());
        assert!(matches!(parse(404, "<html>"), Error::ServerFailed { .. }));
    }
}
