//! Attacks on a sign-in, and bad input to it: each against real sockets, with ledgers that say what left this program.
//! How tokens are kept is in [`custody`].
//!
//! ```text
//!  Authorizer ──▶ Site: MCP server + authorization server on 127.0.0.1     (what servers and browsers do)
//!             ──▶ World: the same at public names over TLS, guarded        (where requests may go)
//!             ──▶ Canary: a private address that nothing may reach
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod answer;
mod bad_metadata;
mod bad_token;
mod canary;
mod custody;
mod echo;
mod log;
mod metadata;
mod moved;
mod network;
mod oversized;
mod person;
mod replay;
mod support;
mod world;
