//! The server end: over a pipe that the test writes itself, and as a process that our own client starts.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod double;
mod lines;
mod process;
mod requests;
