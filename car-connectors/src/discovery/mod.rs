//! Finding a service by need and adding it by name: what is asked, and what comes out.
//!
//! ```text
//!   find(need) ──▶ Found ──▶ a person reads it ──▶ look_up(reference) ──▶ Proposal ──▶ a person agrees
//!                                                                                            │
//!                    ConnectorStatus, nothing enabled ◀── add_proposed(proposal, answers) ◀──┘
//! ```
//!
//! Nothing that is found is trusted, and nothing is dialed by finding it. What a person agreed to is remembered, so that
//! a service that has changed hands or moved is not added again without asking.

mod find;
mod propose;
mod sources;

pub use find::{Change, ChangedPart, FindOptions, Found, FoundService, LeftOut, Searched};
pub use propose::{Answers, Asked, LookUpOptions, Proposal, Way};
pub use sources::{NewSource, SourceFrom, SourceStatus};
