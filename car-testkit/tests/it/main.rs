//! The servers themselves, checked over real sockets with a client that is nothing but a socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod authority;
mod double;
mod dpop;
mod everything;
mod grants;
mod hostile;
mod oauth;
mod protection;
mod registry;
mod streams;
mod tls;
mod wire;
