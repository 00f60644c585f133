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

mod ask;
mod candidates;
mod changed;
mod fill;
mod local;
mod look;
mod meaning;
mod mirrors;
mod setting;
mod state;
mod trouble;
mod versions;
mod words;

pub(crate) use ask::{Answered, Question, read_token};
pub(crate) use candidates::{Candidates, Ranked, Shelved};
pub(crate) use changed::{
    advice, agreed, changes, command_of, endpoint_of, is_agreed, other_command, other_way, package_of,
};
pub(crate) use fill::new_connector;
pub(crate) use local::{Local, owner_of};
pub(crate) use look::{Look, Looked, Reference, Told};
pub(crate) use mirrors::asking_time;
pub(crate) use setting::{OFFICIAL_NAME, Setting, free_name, host_name, settings};
pub(crate) use state::Discovery;
pub(crate) use trouble::{no_source, nobody_asked, not_asked, ranking_failed, with_causes};
pub(crate) use words::near;

pub use find::{Change, ChangedPart, FindOptions, Found, FoundService, LeftOut, Searched};
pub use propose::{Answers, Asked, LookUpOptions, Proposal, Way};
pub use sources::{NewSource, SourceFrom, SourceStatus};
