//! A daemon, and front ends that talk to it over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

mod access;
mod bad_input;
mod life;
mod load;
