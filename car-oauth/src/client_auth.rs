//! How a client proves who it is at the token endpoint (RFC 6749 §2.3.1, RFC 8414 §2, RFC 7523 §2.2).

use std::sync::Arc;

use crate::secret::Secret;
use crate::sign::Sign;

/// A method of client authentication, by its registered name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum AuthMethod {
    /// `none`: a public client.
    None,
    /// `client_secret_basic`.
    ClientSecretBasic,
    /// `client_secret_post`.
    ClientSecretPost,
    /// `private_key_jwt`.
    PrivateKeyJwt,
    /// One that we do not speak.
    Other(String),
}

impl From<String> for AuthMethod {
    fn from(name: String) -> Self {
        match name.as_str() {
            "none" => Self::None,
            "client_secret_basic" => Self::ClientSecretBasic,
            "client_secret_post" => Self::ClientSecretPost,
            "private_key_jwt" => Self::PrivateKeyJwt,
            _ => Self::Other(name),
        }
    }
}

impl From<AuthMethod> for String {
    fn from(method: AuthMethod) -> Self {
        method.as_str().to_owned()
    }
}

impl AuthMethod {
    /// Returns the registered name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Other(name) => name,
        }
    }
}

/// What a client proves itself with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientCredential {
    /// Nothing: a public client.
    Public,
    /// A shared secret.
    Secret(Secret),
    /// A private key.
    Key(Arc<dyn Sign>),
}
