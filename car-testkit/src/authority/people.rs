//! Who takes part: the clients that ask, and the account that agrees.

use serde_json::Value;

/// A client that is known beforehand, or that has registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; without one the client is public, or has a key.
    pub secret: Option<String>,
    /// The redirect URIs. The port of a loopback one may differ (RFC 8252 §7.3). None at all allows any.
    pub redirect_uris: Vec<String>,
    /// `token_endpoint_auth_method`; `None` takes any method by which the secret can be shown.
    pub auth_method: Option<String>,
    /// The second of the Unix epoch from which on the secret is refused; 0 for never (RFC 7591 §3.2.1).
    pub secret_expires: u64,
    /// The public key of `private_key_jwt`: a JWK on the curve P-256.
    pub jwk: Option<Value>,
}

impl Client {
    /// A public client.
    pub fn public(id: &str, redirect_uris: &[&str]) -> Self {
        let redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
        Self { id: id.to_owned(), redirect_uris, ..Self::default() }
    }

    /// A client with a secret.
    pub fn confidential(id: &str, secret: &str, redirect_uris: &[&str]) -> Self {
        Self { secret: Some(secret.to_owned()), ..Self::public(id, redirect_uris) }
    }

    /// A client that signs with the private key of `jwk`.
    pub fn with_key(id: &str, jwk: Value) -> Self {
        Self { jwk: Some(jwk), auth_method: Some("private_key_jwt".to_owned()), ..Self::public(id, &[]) }
    }
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// `sub`.
    pub subject: String,
    /// `email`.
    pub email: String,
    /// `name`.
    pub name: String,
}

impl Account {
    /// An account by its three claims.
    pub fn new(subject: &str, email: &str, name: &str) -> Self {
        Self { subject: subject.to_owned(), email: email.to_owned(), name: name.to_owned() }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new("user-1", "ada@example.com", "Ada Lovelace")
    }
}
