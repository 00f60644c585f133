//! An OAuth 2.1 authorization server to test a client against, and the check of its tokens in front of an MCP server.
//!
//! ```text
//!  request ─▶ route ─┬─▶ metadata                          what the server says of itself
//!  (ledger)          ├─▶ authorize ───────────┐
//!                    ├─▶ device ──────────────┤            a user, or a device's user, agrees
//!                    ├─▶ token ─┬─ code ──────┼─▶ issue ─▶ state (codes, tokens, clients)
//!                    │          ├─ refresh ───┤
//!                    │          └─ grants ────┘
//!                    │             └ client_auth, dpop, jwt: who asks
//!                    └─▶ register, revoke, userinfo
//!
//!  config ─▶ rules, people: what a test may choose
//!
//!  MCP request ─▶ guard (protection's settings) ─▶ the double
//! ```
//!
//! [`Authority`] is the server; [`AuthorityConfig`] says how it behaves, also where it behaves badly. The test's side
//! of it asks what came ([`Authority::requests`]), changes the behaviour ([`Authority::set`]), and ends lives of tokens.

mod authorize;
mod canned;
mod client_auth;
mod config;
mod device;
mod dpop;
mod grants;
mod guard;
mod issue;
mod jwt;
mod ledger;
mod metadata;
mod people;
mod protection;
mod refresh;
mod register;
mod revoke;
mod route;
mod rules;
mod server;
mod state;
mod token;
mod userinfo;

pub use canned::Canned;
pub use config::AuthorityConfig;
pub(crate) use guard::Guarded;
pub use jwt::SigningKey;
pub use ledger::{AuthorityLedger, Endpoint, Seen};
pub use people::{Account, Client};
pub use protection::{MetadataAt, Protection, ProtectionConfig};
pub use rules::{
    AccessTokens, Consent, Dpop, Iss, RefreshTokens, Registration, RegistrationSecret, ResourceRule,
    Rotation, TokenFault, WellKnown,
};
pub use server::{Authority, Introspected};
