//! Enterprise-managed authorization: an identity assertion in exchange for a token (RFC 8693, RFC 7523).
//!
//! The organisation's identity provider turns the person's identity token into an assertion (ID-JAG) for one
//! authorization server; that server turns it into an access token. Nobody is sent to a browser.

use crate::Error;
use crate::endpoint::Endpoint;
use crate::form::Form;
use crate::issuer::Issuer;
use crate::response::cleaned_code;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::server_metadata::AuthorizationServer;
use crate::token::answer::{Source, text};
use crate::token::{Grant, TokenRequest, TokenResponse, TokenType, answer, with_target};

/// What a server lists in `authorization_grant_profiles_supported` if it takes such assertions.
pub const ID_JAG_PROFILE: &str = "urn:ietf:params:oauth:grant-profile:id-jag";

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

/// What the identity provider is shown (RFC 8693 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectTokenType {
    /// An identity token of OpenID Connect.
    IdToken,
    /// A SAML 2.0 assertion, in base64url.
    Saml2,
    /// A refresh token of the identity provider.
    RefreshToken,
}

impl SubjectTokenType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
        }
    }
}

/// A request to the identity provider for an assertion.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "its maker writes it out in full")]
pub struct IdentityExchange<'a> {
    /// The token endpoint of the identity provider.
    pub endpoint: &'a Endpoint,
    /// What shows who the person is. It is sent there and nowhere else.
    pub subject_token: &'a Secret,
    /// What kind of token that is.
    pub subject_token_type: SubjectTokenType,
    /// The authorization server that the assertion is for.
    pub audience: &'a Issuer,
    /// The MCP server that the token will be for.
    pub resource: Option<&'a str>,
    /// What will be asked for.
    pub scope: Option<&'a Scopes>,
}

impl IdentityExchange<'_> {
    /// Returns what to send (RFC 8693 §2.1); the client of the identity provider has to be put into it.
    #[must_use]
    pub fn request(&self) -> TokenRequest {
        let form = Form::new()
            .with("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .with("requested_token_type", ID_JAG)
            .with("subject_token", self.subject_token.expose())
            .with("subject_token_type", self.subject_token_type.as_str())
            .with("audience", self.audience.as_str());
        TokenRequest::from_form(self.endpoint, with_target(form, self.resource, self.scope))
    }

    /// Reads the answer of the identity provider (RFC 8693 §2.2).
    ///
    /// # Errors
    /// As [`TokenResponse::parse`], and [`Error::InvalidTokenResponse`] where anything else than an ID-JAG came: an
    /// access token of the identity provider, say, must not travel to another server as an assertion.
    pub fn parse_answer(
        &self,
        status: u16,
        body: &[u8],
        identity_provider: &Issuer,
    ) -> Result<IdentityAssertion, Error> {
        let source = Source { issuer: identity_provider, endpoint: "token exchange" };
        let answer = answer::Answer::read(status, body, source)?;
        let expected = |member, wanted: &str, found: Option<&str>| match found {
            Some(found) if found.eq_ignore_ascii_case(wanted) => Ok(()),
            _ => {
                let found = found.map_or_else(|| "none".to_owned(), cleaned_code);
                Err(source.invalid(format!("expected the {member} {wanted}, found {found}")))
            }
        };
        expected("issued_token_type", ID_JAG, text(answer.issued_token_type.as_ref()))?;
        expected("token_type", "N_A", text(answer.token_type.as_ref()))?;
        let token = TokenResponse::from_answer(answer, TokenType::Bearer, source)?;
        Ok(IdentityAssertion {
            assertion: token.access_token,
            expires_in: token.expires_in,
            audience: self.audience.clone(),
        })
    }
}

/// An assertion of who the person is, for one authorization server.
#[derive(Clone, Debug)]
pub struct IdentityAssertion {
    assertion: Secret,
    expires_in: Option<u64>,
    audience: Issuer,
}

impl IdentityAssertion {
    /// Returns how many seconds it is good for.
    #[must_use]
    pub const fn expires_in(&self) -> Option<u64> {
        self.expires_in
    }

    /// Asks the server that the assertion is for to take it for a token (RFC 7523 §2.1).
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`] for any other server; [`Error::EndpointMissing`].
    pub fn token_request(
        &self,
        server: &AuthorizationServer,
        resource: Option<&str>,
        scope: Option<&Scopes>,
    ) -> Result<TokenRequest, Error> {
        if server.issuer != self.audience {
            let (expected, found) = (self.audience.to_string(), Some(server.issuer.to_string()));
            return Err(Error::IssuerMismatch { expected, found });
        }
        let grant = Grant::JwtBearer { assertion: &self.assertion };
        Ok(TokenRequest::new(server.token_endpoint()?, grant, resource, scope))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::token::fixtures::{ISSUER, endpoint, issuer, server};

    const RESOURCE: &str = "https://mcp.example/mcp";

    /// Asks at an identity provider for an assertion, and reads this answer.
    fn exchanged(status: u16, body: &str) -> (TokenRequest, Result<IdentityAssertion, Error>) {
        let (endpoint, token, audience) = (endpoint("/token"), Secret::new("id.to.ken"), issuer(ISSUER));
        let exchange = IdentityExchange {
            endpoint: &endpoint,
            subject_token: &token,
            subject_token_type: SubjectTokenType::IdToken,
            audience: &audience,
            resource: Some(RESOURCE),
            scope: None,
        };
        let answer = exchange.parse_answer(status, body.as_bytes(), &issuer("https://idp.example"));
        (exchange.request(), answer)
    }

    fn good() -> String {
        json!({ "access_token": "a.b.c", "issued_token_type": ID_JAG, "token_type": "N_A", "expires_in": 300 })
            .to_string()
    }

    #[test]
    fn asks_for_an_assertion_for_the_server() {
        let body = exchanged(200, "{}").0.body();
        let fields: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let expected = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"),
            ("subject_token", "id.to.ken"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("audience", ISSUER),
            ("resource", RESOURCE),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn the_assertion_is_taken_to_the_server_it_is_for() {
        let assertion = exchanged(200, &good()).1.unwrap();
        assert_eq!(assertion.expires_in(), Some(300));
        let body = assertion.token_request(&server(), Some(RESOURCE), None).unwrap().body();
        let expected = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c\
                        &resource=https%3A%2F%2Fmcp.example%2Fmcp";
        assert_eq!(*body, expected);
    }

    #[test]
    fn the_assertion_goes_to_no_other_server() {
        let mut other = server();
        other.issuer = issuer("https://evil.example");
        let refused = exchanged(200, &good()).1.unwrap().token_request(&other, None, None);
        assert!(matches!(refused, Err(Error::IssuerMismatch { .. })));
    }

    #[test]
    fn anything_else_than_an_assertion_is_refused() {
        let access_token = "urn:ietf:params:oauth:token-type:access_token";
        let cases = [
            good().replace("N_A", "Bearer"),
            good().replace(ID_JAG, access_token),
            good().replace("issued_token_type", "x"),
            good().replace("\"token_type\"", "\"x\""),
            good().replace("a.b.c", ""),
        ];
        for body in cases {
            let error = exchanged(200, &body).1.unwrap_err();
            assert!(
                matches!(&error, Error::InvalidTokenResponse { issuer, .. } if issuer == "https://idp.example")
            );
            assert!(!error.to_string().contains("a.b.c"), "{error}");
        }
    }

    #[test]
    fn a_refusal_names_the_identity_provider() {
        let error = exchanged(400, r#"{"error":"access_denied"}"#).1.unwrap_err();
        assert!(matches!(error, Error::TokenRefused { issuer, .. } if issuer == "https://idp.example"));
    }
}
