//! Behaviour of the engine: whole calls, and the log on real disks and among real processes.
#![expect(clippy::disallowed_methods, reason = "tests prepare files and start processes")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod approvals;
mod calls;
mod log;
mod policy_edit;
mod policy_file;
mod processes;
mod support;
