//! Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0).

use crate::Error;
use crate::client_auth::AuthMethod;
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::pkce::S256;
use crate::scope::Scopes;

/// An authorization server whose metadata was checked against the issuer that was asked.
#[derive(Clone, Debug)]
pub struct AuthorizationServer {
    pub(crate) issuer: Issuer,
    pub(crate) authorization_endpoint: Option<Endpoint>,
    pub(crate) token_endpoint: Option<Endpoint>,
    pub(crate) registration_endpoint: Option<Endpoint>,
    pub(crate) revocation_endpoint: Option<Endpoint>,
    pub(crate) device_authorization_endpoint: Option<Endpoint>,
    pub(crate) userinfo_endpoint: Option<Endpoint>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) code_challenge_methods: Option<Vec<String>>,
    pub(crate) response_iss: bool,
    pub(crate) client_id_metadata: bool,
    pub(crate) token_auth_methods: Option<Vec<AuthMethod>>,
    pub(crate) grant_types: Option<Vec<String>>,
    pub(crate) dpop_algorithms: Vec<String>,
    pub(crate) grant_profiles: Vec<String>,
    pub(crate) token_auth_signing_algorithms: Vec<String>,
}

impl AuthorizationServer {
    /// Returns the issuer.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Returns where a person is sent.
    ///
    /// # Errors
    /// [`Error::EndpointMissing`].
    pub fn authorization_endpoint(&self) -> Result<&Endpoint, Error> {
        self.needed("authorization endpoint", self.authorization_endpoint.as_ref())
    }

    /// Returns where tokens are asked for.
    ///
    /// # Errors
    /// [`Error::EndpointMissing`].
    pub fn token_endpoint(&self) -> Result<&Endpoint, Error> {
        self.needed("token endpoint", self.token_endpoint.as_ref())
    }

    fn needed<'a>(&self, what: &'static str, endpoint: Option<&'a Endpoint>) -> Result<&'a Endpoint, Error> {
        endpoint.ok_or_else(|| Error::EndpointMissing { issuer: self.issuer.to_string(), what })
    }

    /// Proves that the server offers PKCE with S256.
    ///
    /// # Errors
    /// [`Error::PkceNotSupported`]: then no code may be asked for.
    pub fn pkce(&self) -> Result<S256, Error> {
        let offered = self.code_challenge_methods.clone().unwrap_or_default();
        if offered.iter().any(|method| method == "S256") {
            Ok(S256::proven())
        } else {
            Err(Error::PkceNotSupported { issuer: self.issuer.to_string(), offered })
        }
    }

    /// Returns whether every authorization response names the issuer (RFC 9207 §3).
    #[must_use]
    pub const fn response_iss_supported(&self) -> bool {
        self.response_iss
    }
}
