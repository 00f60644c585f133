//! What a domain says of its services itself: `/.well-known/ai-catalog.json` and server cards. Advice only.

#[cfg(feature = "http")]
mod client;

#[cfg(feature = "http")]
pub use client::{CatalogClient, Listed};
