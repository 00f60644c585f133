//! A daemon, and front ends that talk to it over real sockets.

#![expect(clippy::disallowed_methods, reason = "tests lay out files and start tasks")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

mod access;
mod approvals;
mod bad_input;
mod discovery;
mod elsewhere;
mod gateway;
mod hostile;
mod life;
mod load;
mod methods;
mod page;
mod reference;
mod scopes;
mod shapes;
mod sign_in;
mod stop;
