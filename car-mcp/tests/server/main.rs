//! Drives a server through `Inbound` and `Exchange`, with no transport.

mod basics;
mod conversation;
mod double;
mod envelopes;
mod offers;
mod subscriptions;
mod tasks;
mod rounds;
mod schemas;
mod telling;
