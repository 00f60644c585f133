//! Drives a server through `Inbound` and `Exchange`, with no transport.

mod asking;
mod basics;
mod conversation;
mod double;
mod envelopes;
mod offers;
mod rounds;
mod schemas;
mod subscriptions;
mod tasks;
mod telling;
