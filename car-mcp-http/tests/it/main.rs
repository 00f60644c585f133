//! The transport under a session, against a real server on loopback that does what the test says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod cancel;
mod credentials;
mod faults;
mod garbage;
mod headers;
mod pair;
mod resume;
mod server;
mod sessions;
