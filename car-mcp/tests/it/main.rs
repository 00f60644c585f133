//! What a session does over a scripted wire: every era, every fault, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod double;
mod events;
mod faults;
mod garbage;
mod listener;
mod lists;
mod negotiation;
mod owners;
mod questions;
mod recovery;
mod types;
