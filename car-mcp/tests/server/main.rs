//! Drives a server through `Inbound` and `Exchange`, with no transport.

mod basics;
mod conversation;
mod double;
mod offers;
mod rounds;
mod schemas;
mod subscriptions;
mod tasks;
mod telling;
