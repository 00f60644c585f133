//! The transport under a session, with real processes that do what the test says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod ends;
mod eras;
mod events;
mod everything;
mod output;
mod server;
mod serving;
mod start;
#[cfg(target_os = "linux")]
mod supervised;
