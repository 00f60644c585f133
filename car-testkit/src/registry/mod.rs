//! An MCP Registry: its API v0.1 (and the same under v0) over a list of entries in memory.
//!
//! ```text
//!   entries (a file, made-up ones, or what a test adds) ──▶ list ──▶ page by page, filtered
//!                                                     └──▶ versions of a name, one version
//! ```
//!
//! It is written after the published API and shares no code with the client under test. A test changes what it lists,
//! lets it fail, and sees what it was asked.

mod entries;
mod query;
mod server;

pub use entries::made_up;
pub use server::{Fault, RegistryConfig, RegistryServer};
