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

#[cfg(feature = "http")]
mod client;

#[cfg(feature = "http")]
pub use client::{RegistryClient, Synced};
pub use entry::{Entry, Status};
pub use mirror::Mirror;
pub use plan::{Given, Input, InputFormat, Plan, PlanError, Recipe, Template};
pub use reference::{ReferenceError, RegistryName, RegistryReference};
