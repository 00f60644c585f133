//! What is known about a sign-in before it begins.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use url::Url;

use crate::error::Cause;
use crate::quirk::Quirks;
use crate::registration::PreRegistered;
use crate::scope::Scopes;
use crate::secret::Secret;

/// Where an assertion comes from, asked each time that one is needed: such tokens live for minutes.
pub trait AssertionSource: Send + Sync + fmt::Debug {
    /// Returns the assertion.
    ///
    /// # Errors
    /// Says why there is none.
    fn assertion(&self) -> BoxFuture<'_, Result<Secret, Cause>>;
}

/// How tokens are got.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Method {
    /// A person consents in a browser (RFC 6749 §4.1), on this device or another (RFC 8628).
    #[default]
    Person,
    /// The program is a client in its own right (RFC 6749 §4.4); its id and secret or key are pre-registered.
    ClientCredentials,
    /// A workload proves its identity with a token of its platform (RFC 7523 §2.1).
    WorkloadIdentity {
        /// The platform's token.
        assertion: Arc<dyn AssertionSource>,
    },
    /// An enterprise's identity provider vouches for the person (identity assertion authorization grant).
    EnterpriseManaged {
        /// The identity provider's token endpoint.
        idp_token_endpoint: Url,
        /// Our client id at the identity provider.
        idp_client_id: String,
        /// Our secret there, if it wants one.
        idp_client_secret: Option<Secret>,
        /// The person's identity token.
        id_token: Arc<dyn AssertionSource>,
    },
}

/// When tokens are bound to a key (RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dpop {
    /// Where the MCP server asks for it.
    #[default]
    WhenAsked,
    /// Where the authorization server offers it.
    WhenOffered,
}

/// Everything that is known about a sign-in before it begins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The MCP server's URL, as the person gave it.
    pub server: Url,
    /// What the person calls it: shown on the page after consent.
    pub name: String,
    /// What the program calls itself when it registers.
    pub client_name: String,
    /// The program's version.
    pub software_version: String,
    /// The URL of the program's client ID metadata document, if it has one.
    pub metadata_document: Option<String>,
    /// A client that was registered by hand.
    pub pre_registered: Option<PreRegistered>,
    /// Scopes to ask for beyond what the server asks for.
    pub scopes: Option<Scopes>,
    /// How tokens are got.
    pub method: Method,
    /// When tokens are bound to a key.
    pub dpop: Dpop,
    /// Let the server's metadata name addresses in private networks. They may anyway where `server` is itself in one.
    pub allow_private: bool,
    /// What known servers need.
    pub quirks: Quirks,
}

impl Settings {
    /// Returns settings that leave everything to discovery.
    #[must_use]
    pub fn new(server: Url, name: impl Into<String>) -> Self {
        Self {
            server,
            name: name.into(),
            client_name: "CAR Connectors".to_owned(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            metadata_document: None,
            pre_registered: None,
            scopes: None,
            method: Method::Person,
            dpop: Dpop::WhenAsked,
            allow_private: false,
            quirks: Quirks::shipped(),
        }
    }
}
