//! Signing in: what of car-oauth a connector needs, and where its tokens are kept.
//!
//! ```text
//!  Connector.oauth (manifest) ─▶ settings ─▶ Authorizer ◀─▶ ConnectorVault (keychain, one lock among processes)
//!                                               │
//!  HttpTransport ── Credentials: prove, challenged ─┘
//! ```

mod error;
mod options;
mod renewal;
mod settings;
mod vault;

pub use options::{Assertion, BegunSignIn, SignInMethod, SignInOptions};
pub use renewal::RenewTokens;

pub(crate) use error::{sign_in_error, transport_meaning};
pub(crate) use renewal::OfConnector;
pub(crate) use settings::{Given, settings};
pub(crate) use vault::ConnectorVault;
