//! The service behind real sockets: what it lets in, how it answers, what it does with clients that misbehave.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod bad;
mod cancel;
mod checks;
mod clients;
mod connections;
mod guard;
mod limits;
mod serving;
mod shutdown;
mod smuggling;
