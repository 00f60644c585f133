//! What a person or a program says when it signs in.

use std::path::PathBuf;

use car_connectors_store::Secret;
use car_http::Url;
use car_oauth::driver::CallbackAddress;

/// Where an assertion comes from. It is asked anew each time: such tokens live for minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two places that platforms put tokens in")]
pub enum Assertion {
    /// An environment variable.
    Variable(String),
    /// A file, as platforms project them into containers.
    File(PathBuf),
}

/// How tokens are got.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum SignInMethod {
    /// A person consents.
    #[default]
    Person,
    /// The program is a client in its own right, with an id and a secret or key.
    ClientCredentials,
    /// A workload proves its identity with a token of its platform.
    WorkloadIdentity {
        /// The platform's token.
        assertion: Assertion,
    },
    /// An enterprise's identity provider vouches for the person.
    EnterpriseManaged {
        /// The provider's token endpoint.
        idp_token_endpoint: Url,
        /// Our client id there.
        idp_client_id: String,
        /// The person's identity token.
        id_token: Assertion,
    },
}

/// Says how to sign in. What is left out stays as it was at the last sign-in, or is found out.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SignInOptions {
    /// How tokens are got.
    pub method: Option<SignInMethod>,
    /// The id of a client that was registered by hand.
    pub client_id: Option<String>,
    /// Its secret, or its private key as PEM.
    pub client_secret: Option<Secret>,
    /// The name under which the authorization server knows the private key.
    pub key_id: Option<String>,
    /// Scopes to ask for beyond those that the server asks for.
    pub scopes: Option<Vec<String>>,
    /// Where the browser comes back to, where that has to be exact.
    pub callback: CallbackAddress,
    /// Let the server's metadata name addresses in private networks.
    pub allow_private: Option<bool>,
    /// Another account than before is welcome.
    pub other_account: bool,
}

impl SignInOptions {
    /// Returns options that leave everything to discovery.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A sign-in that waits for the browser's answer at the front end's own address.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BegunSignIn {
    /// The page to send the person to.
    pub authorize_url: Url,
    /// By which the answer is recognised.
    pub state: String,
}
