//! Names for services, and finding a service by what it is needed for.
//!
//! ```text
//!   Need ("open an issue in my tracker")                    Ranked: a score on one scale, and reasons
//!     │                                                                     ▲
//!     ├──▶ root ───────  POST /agentdns/resolve ──────────┐                 │
//!     ├──▶ registry ───  a mirror of an MCP Registry ─────┼──▶ Service ──▶ rank
//!     ├──▶ catalog ────  /.well-known/ai-catalog.json ────┤    (one record,
//!     └──▶ the caller ─  what is connected already ───────┘     whoever it is from)
//!
//!   Service ──▶ recipe (an endpoint or a command, with its inputs) ──▶ whoever adds it, once a person has seen it
//! ```
//!
//! A service is known by its [`ServiceIdentifier`], `agentdns://organization/category/name`, which does not depend on where
//! it runs. [`Service`] is the one record that every source is turned into, with where it is from and how its publisher
//! was verified. Nothing that is found is trusted by that: descriptions are what a service says of itself, and every
//! record is shown before anything of it is used.
//!
//! The core of the crate does no I/O and reads no clock: names, records, how a registry's entry becomes something that can
//! be run, what a catalog says. The feature `http` asks roots, registries and catalogs; the feature `rank` ranks.
//!
//! # Example
//!
//! ```
//! use car_agentdns::ServiceIdentifier;
//!
//! let name: ServiceIdentifier = "agentdns://example.com/office/mail/send".parse()?;
//! assert_eq!(name.organization(), "example.com");
//! assert_eq!(name.category(), ["office", "mail"]);
//! assert_eq!(name.name(), "send");
//! # Ok::<(), car_agentdns::NameError>(())
//! ```

mod ask;
mod error;
mod name;
mod reach;
mod service;

#[cfg(feature = "http")]
mod web;

pub mod catalog;
#[cfg(feature = "rank")]
pub mod rank;
pub mod registry;
pub mod root;

pub use ask::{Bearer, BearerError, Limit, LimitError, Need, NeedError};
pub use error::{Error, SetAside};
pub use name::{NameError, ServiceIdentifier};
pub use reach::is_private_name;
pub use service::{
    Capability, Lifecycle, Offer, Pricing, Protocol, Provenance, Publisher, Service, ServiceKind, SourceKind,
    Transport, Verification,
};
