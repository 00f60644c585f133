//! An AgentDNS root: what goes over the wire, and the client that asks one.

mod wire;

#[cfg(feature = "http")]
mod client;

#[cfg(feature = "http")]
pub use client::{RemoteRoot, Resolved};
pub use wire::{ResolveRequest, ServiceRecord, WirePricing};
