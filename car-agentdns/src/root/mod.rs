//! An AgentDNS root: what goes over the wire, and the client that asks one.
//!
//! ```text
//!   Need, Limit ──▶ ResolveRequest ── POST {base}/agentdns/resolve ──▶ root
//!   Resolved ◀── each record by itself: identifier, endpoint, bounds ◀── {"services": […]}
//! ```
//!
//! The contract between the two, for whoever runs a root, is `docs/agentdns-root-contract.md`.

mod answer;
mod wire;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "schema")]
mod schema;

pub use answer::{AnswerError, Resolved};
#[cfg(feature = "http")]
pub use client::RemoteRoot;
#[cfg(feature = "schema")]
pub use schema::{openapi, schemas};
pub use wire::{
    Problem, ProblemField, ResolveAnswer, ResolveRequest, ServiceRecord, WireCapability, WirePricing,
};
