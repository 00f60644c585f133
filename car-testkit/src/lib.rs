//! Servers to test MCP clients against: one that can do everything, and many that misbehave. And the product's own
//! server, to test it with.
//!
//! ```text
//!  a client under test ──▶ loopback ──▶ double     ──┬─▶ modern                  (2026-07-28, stateless)
//!                          (listener,                └─▶ legacy ─┬─ streamable   (sessions, resumable SSE)
//!                           TLS, stop,                           └─ http_sse     (the old pair of endpoints)
//!                           restart)
//!                                          ▲ guard: whose token?
//!  a client under test ──▶ authority: an OAuth 2.1 authorization server, which the guard asks
//!  a client under test ──▶ catalog: a domain with a catalog of services, nested ones, and cards of every generation
//!  a client under test ──▶ hostile: one way of misbehaving, at one stage of the conversation
//!  a client under test ──▶ root: finds services by what they are needed for, from a file of records
//! ```
//!
//! [`double::Double`] is a correct server in every revision on one endpoint; its `ledger` says what reached
//! it, so that a test can assert that nothing did. [`authority::Authority`] gives out the tokens that it may demand.
//! [`hostile::Hostile`] is wrong in exactly one way. These are written on plain hyper or on plain sockets, and share no
//! code with the crates under test: a mistake in those cannot hide itself.
//!
//! [`daemon`] has who uses the product's daemon: an MCP client and a front end, by hand.
//!
//! [`everything::Everything`] is the other way round: the product's own server with one of everything, to be tried with
//! clients that are not ours and with the conformance suite.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
//! use car_testkit::double::{Config, Double};
//!
//! let server = Double::start(Config::default()).await?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(server.ledger().requests(), 0);
//! # Ok(()) }
//! ```

mod browser;
mod ledger;
mod loopback;
mod reply;
mod sse;
mod tls;

pub mod authority;
pub mod catalog;
pub mod daemon;
pub mod double;
pub mod everything;
pub mod hostile;
pub mod registry;
pub mod root;

pub use browser::location_of;
pub use ledger::{Ledger, Seen};
pub use tls::{TlsError, server_config};
