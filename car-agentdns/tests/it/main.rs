//! Behaviour of names and sources, over real HTTP where there is any.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[cfg(feature = "http")]
mod catalog;
#[cfg(all(feature = "http", feature = "rank"))]
mod meaning;
mod name;
#[cfg(feature = "rank")]
mod rank;
#[cfg(feature = "http")]
mod registry;
mod root;
