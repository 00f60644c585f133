//! OAuth 2.1 client for MCP: a pure, typed flow, and a driver that keeps tokens from getting lost.
//!
//! The core does no I/O, reads no clock and draws no random numbers: bytes, time and randomness are arguments. Each
//! file is one RFC's concern. What must not be skipped is a type: there is no authorization request without the proof
//! that the server offers S256, and no code to exchange before state and issuer of the answer were compared.
//!
//! ```text
//!  401 ─▶ challenge ─▶ resource_metadata ─▶ server_metadata ─▶ registration ─▶ authorize ─▶ browser
//!         (Demand)     (ProtectedResource)  (AuthorizationServer) (KnownClient)  (Pending)      │
//!                                               │ pkce: S256 ───────────────────▲               ▼
//!  request headers ◀─ token ◀─ AuthorizedCode ◀─ IssuerChecked ◀─ StateChecked ◀─ AuthorizationResponse
//! ```

mod error;
mod lookup;
mod secret;
mod time;

// Who is asked, and for what.
pub mod challenge;
pub mod client_metadata;
pub mod endpoint;
pub mod identity;
pub mod issuer;
pub mod legacy;
pub mod quirk;
pub mod redirect_uri;
pub mod registration;
pub mod resource;
pub mod resource_metadata;
pub mod scope;
pub mod server_metadata;

// Sockets, clock and vault.
#[cfg(feature = "driver")]
pub mod driver;

// Requests, answers and proofs.
pub mod authorize;
pub mod client_auth;
pub mod device;
pub mod dpop;
pub mod exchange;
pub mod form;
pub mod jwt;
#[cfg(feature = "driver")]
pub mod keys;
pub mod pkce;
pub mod response;
pub mod revocation;
pub mod sign;
pub mod token;

pub use error::{Cause, Error};
pub use lookup::{Fetched, Lookup, Tried};
pub use secret::Secret;
pub use time::Timestamp;
