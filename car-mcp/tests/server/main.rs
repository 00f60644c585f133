//! Drives a server through `Inbound` and `Exchange`, with no transport.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asking;
mod basics;
mod conversation;
mod double;
mod envelopes;
mod forwarding;
mod offers;
mod rounds;
mod schemas;
mod subscriptions;
mod tasks;
mod telling;
mod visible;
