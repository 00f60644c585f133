//! Drives a server through `Inbound` and `Exchange`, with no transport.

mod basics;
mod double;
mod offers;
mod rounds;
mod telling;
