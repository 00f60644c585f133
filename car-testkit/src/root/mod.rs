//! A root of AgentDNS, complete and small: the contract of `docs/agentdns-root-contract.md` over a file of records.
//!
//! ```text
//!  POST /agentdns/resolve ─▶ who asks? ─▶ checked ─▶ an identifier? ─┬─ yes ──▶ that record alone, or none
//!                             401, 403     400…422                   └─ no ───▶ search, best first
//! ```
//!
//! It is there to test clients with, and to be read: whoever runs a root of their own can build it after this one. What
//! goes over the wire is written here with plain JSON values, not with the types of the client under test, so that a
//! mistake in those cannot hide itself.

mod check;
mod problem;
mod records;
mod search;
mod server;

pub use records::{Records, RecordsError, made_up};
pub use server::{ReferenceRoot, RootConfig};
