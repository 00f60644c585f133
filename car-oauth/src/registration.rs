//! Which client we are to an authorization server, and becoming one (RFC 7591).

use crate::client_auth::{AuthMethod, ClientCredential};
use crate::issuer::Issuer;
use crate::time::Timestamp;

/// Where a client comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientOrigin {
    /// A person or an administrator registered it.
    PreRegistered,
    /// Its id is the URL of its metadata document.
    MetadataDocument,
    /// It registered itself (RFC 7591).
    Dynamic,
}

/// A client of one authorization server, and of no other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KnownClient {
    /// Whose client it is.
    pub issuer: Issuer,
    /// Its identifier.
    pub client_id: String,
    /// How it proves who it is.
    pub credential: ClientCredential,
    /// The method that the registration answered.
    pub auth_method: Option<AuthMethod>,
    /// The redirect URIs that it was registered with.
    pub redirect_uris: Vec<String>,
    /// When its secret ends; nothing if it does not.
    pub secret_expires_at: Option<Timestamp>,
    /// Where it comes from.
    pub origin: ClientOrigin,
}

impl KnownClient {
    /// Describes a public client.
    #[must_use]
    pub fn new(issuer: Issuer, client_id: impl Into<String>, origin: ClientOrigin) -> Self {
        Self {
            issuer,
            client_id: client_id.into(),
            credential: ClientCredential::Public,
            auth_method: None,
            redirect_uris: Vec::new(),
            secret_expires_at: None,
            origin,
        }
    }
}
