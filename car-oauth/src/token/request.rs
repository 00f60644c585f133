//! What is sent to the token endpoint.

use zeroize::Zeroizing;

use crate::endpoint::Endpoint;
use crate::form::Form;
use crate::pkce::CodeVerifier;
use crate::scope::Scopes;
use crate::secret::Secret;

/// What a token is asked for with.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Grant<'a> {
    /// A code whose answer was checked (RFC 6749 §4.1.3).
    AuthorizationCode(CodeGrant<'a>),
    /// A refresh token (RFC 6749 §6).
    Refresh {
        /// The refresh token.
        token: &'a Secret,
    },
    /// Nothing but the client's own credential (RFC 6749 §4.4).
    ClientCredentials,
    /// A signed assertion (RFC 7523 §2.1).
    JwtBearer {
        /// The assertion.
        assertion: &'a Secret,
    },
    /// The code of a device (RFC 8628 §3.4).
    DeviceCode {
        /// The device code.
        code: &'a Secret,
    },
}

/// A code with all that belongs to it. Only an answer whose state and issuer were checked leads to one.
#[derive(Clone, Copy, Debug)]
pub struct CodeGrant<'a> {
    pub(crate) code: &'a Secret,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: &'a CodeVerifier,
}

impl Grant<'_> {
    fn form(self) -> Form {
        let named = |name| Form::new().with("grant_type", name);
        match self {
            Self::AuthorizationCode(grant) => named("authorization_code")
                .with("code", grant.code.expose())
                .with("redirect_uri", grant.redirect_uri)
                .with("code_verifier", grant.verifier.expose()),
            Self::Refresh { token } => named("refresh_token").with("refresh_token", token.expose()),
            Self::ClientCredentials => named("client_credentials"),
            Self::JwtBearer { assertion } => {
                named("urn:ietf:params:oauth:grant-type:jwt-bearer").with("assertion", assertion.expose())
            }
            Self::DeviceCode { code } => {
                named("urn:ietf:params:oauth:grant-type:device_code").with("device_code", code.expose())
            }
        }
    }
}

/// A POST of a form to an endpoint that authenticates clients: token, revocation, device authorization.
///
/// The client is not in it before [`ClientAuthentication::apply`](crate::client_auth::ClientAuthentication::apply).
#[derive(Clone, Debug)]
pub struct TokenRequest {
    endpoint: Endpoint,
    form: Form,
    authorization: Option<Secret>,
}

impl TokenRequest {
    /// Asks for a token.
    ///
    /// `resource` is the server that the token is for (RFC 8707 §2.2), on refreshes too; an empty `scope` is left out.
    #[must_use]
    pub fn new(
        endpoint: &Endpoint,
        grant: Grant<'_>,
        resource: Option<&str>,
        scope: Option<&Scopes>,
    ) -> Self {
        Self::from_form(endpoint, with_target(grant.form(), resource, scope))
    }

    pub(crate) fn from_form(endpoint: &Endpoint, form: Form) -> Self {
        Self { endpoint: endpoint.clone(), form, authorization: None }
    }

    /// Returns where to send it.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the fields.
    #[must_use]
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// Returns the fields, to be changed.
    pub const fn form_mut(&mut self) -> &mut Form {
        &mut self.form
    }

    /// Returns the body, of type `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn body(&self) -> Zeroizing<String> {
        self.form.encode()
    }

    /// Returns the whole value of the `Authorization` header, if there is to be one.
    #[must_use]
    pub const fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }

    pub(crate) fn set_authorization(&mut self, value: Option<Secret>) {
        self.authorization = value;
    }
}

/// Adds what the token is for and what it may do.
pub(crate) fn with_target(form: Form, resource: Option<&str>, scope: Option<&Scopes>) -> Form {
    let scope = scope.map(Scopes::to_string).filter(|scope| !scope.is_empty());
    form.with_some("resource", resource).with_some("scope", scope.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grant_sends_its_fields_and_the_resource() {
        let endpoint = Endpoint::parse("token endpoint", "https://as.example/token").unwrap();
        let secret = Secret::new("s+1");
        let verifier = CodeVerifier::from_random([0; 32]);
        let code = CodeGrant { code: &secret, redirect_uri: "http://127.0.0.1:1/cb", verifier: &verifier };
        let cases = [
            (
                Grant::AuthorizationCode(code),
                format!(
                    "grant_type=authorization_code&code=s%2B1&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcb\
                     &code_verifier={}",
                    verifier.expose()
                ),
            ),
            (Grant::Refresh { token: &secret }, "grant_type=refresh_token&refresh_token=s%2B1".to_owned()),
            (Grant::ClientCredentials, "grant_type=client_credentials".to_owned()),
            (
                Grant::JwtBearer { assertion: &secret },
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=s%2B1".to_owned(),
            ),
            (
                Grant::DeviceCode { code: &secret },
                "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=s%2B1"
                    .to_owned(),
            ),
        ];
        for (grant, fields) in cases {
            let request = TokenRequest::new(&endpoint, grant, Some("https://mcp.example"), None);
            assert_eq!(*request.body(), format!("{fields}&resource=https%3A%2F%2Fmcp.example"));
            assert!(request.authorization().is_none());
        }
    }

    #[test]
    fn an_empty_scope_is_not_sent() {
        let endpoint = Endpoint::parse("token endpoint", "https://as.example/token").unwrap();
        let body = |scope| TokenRequest::new(&endpoint, Grant::ClientCredentials, None, Some(&scope)).body();
        assert_eq!(*body(Scopes::default()), "grant_type=client_credentials");
        assert_eq!(*body(Scopes::parse("a b")), "grant_type=client_credentials&scope=a+b");
    }

    #[test]
    fn hides_secrets_in_debug_output() {
        let endpoint = Endpoint::parse("token endpoint", "https://as.example/token").unwrap();
        let secret = Secret::new("hunter2");
        let mut request = TokenRequest::new(&endpoint, Grant::Refresh { token: &secret }, None, None);
        request.set_authorization(Some(Secret::new("Basic hunter2")));
        assert!(!format!("{request:?}").contains("hunter2"));
    }
}
