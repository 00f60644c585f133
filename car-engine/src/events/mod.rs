//! The event log: JSON Lines, chained by hashes, rotated, verifiable.
//!
//! A record is one line of JSON. Its last two members are `prev` and `hash`: `hash` is the SHA-256, in hexadecimal, of
//! the line's bytes without its newline and without the text `,"hash":"…"` itself, that is, of the record as it would
//! stand without a `hash`. `prev` is the `hash` of the record before it, 64 zeros for the first. So each hash covers
//! every record before it. Records cut off at the end cannot be told from records never written: whoever needs to
//! know keeps the last hash, which [`Verification`] reports, in another place.

mod back;
mod chain;
mod filter;
mod follow;
mod log;
mod record;
mod redact;
mod tail;
mod timestamp;
mod verify;

pub use filter::EventFilter;
pub use follow::{EventPage, EventPosition};
pub use log::{EventLog, EventLogOptions, SyncPolicy};
pub use record::{EventKind, EventRecord};
pub use redact::{ArgumentLogging, redact_arguments};
pub use timestamp::format_timestamp;
pub use verify::{LogProblem, Verification};
