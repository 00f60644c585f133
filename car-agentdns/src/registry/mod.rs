//! MCP Registries: what they list, and how an entry becomes something that can be added.
//!
//! ```text
//!   RegistryClient ──▶ Mirror ──▶ Service        (finding)
//!         │
//!         └──▶ Entry ──▶ Plan ──▶ Recipe         (adding: an endpoint or a command, once its inputs are given)
//! ```

mod entry;
mod mirror;
mod plan;
mod reference;
mod server_json;

#[cfg(feature = "http")]
mod client;

#[cfg(feature = "http")]
pub use client::{Cached, RegistryClient, Synced};
pub use entry::{Entry, Status};
pub use mirror::Mirror;
pub use plan::{Given, Input, InputFormat, Plan, PlanError, Recipe, Template, plans};
pub use reference::{ReferenceError, RegistryName, RegistryReference};

/// The base URL of the official registry, the one that checks that publishers hold their namespaces.
pub const OFFICIAL: &str = "https://registry.modelcontextprotocol.io";

/// Returns whether a base URL is that of the official registry: only that one's namespaces are known to be checked, and
/// what a copy of it says of itself anybody could say.
#[must_use]
pub fn is_official(base: &str) -> bool {
    base.trim().trim_end_matches('/').eq_ignore_ascii_case(OFFICIAL)
}
