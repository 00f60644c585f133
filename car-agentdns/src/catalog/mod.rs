//! What a domain says of its services itself: `/.well-known/ai-catalog.json` and server cards. Advice only.
//!
//! ```text
//!   domain ──▶ document ──▶ entries ──┬─▶ a card (in it, or fetched) ──▶ ListedService
//!                 ▲                   ├─▶ an agent's card ─────────────▶ ListedService, not to be added
//!                 └── nested, bounded ┴─▶ another document
//! ```
//!
//! Documents of both generations are read (`type` and `mediaType`, `extensions` and `metadata`), and cards of SEP-2127 as of
//! what came before it. They are told apart by their members. A catalog is signed by nobody here: that a domain served it
//! over TLS is all that is known, and a card is what a server says of itself.

mod card;
mod compare;
mod document;
mod listed;
mod members;
mod naming;
mod place;
mod remote;
mod walk;

#[cfg(feature = "http")]
mod client;

#[cfg(feature = "http")]
pub use client::CatalogClient;
pub use compare::{Live, Mismatch, mismatches};
pub use listed::{Listed, ListedService};
pub use walk::{read, read_card};
