//! The client against real servers on loopback.

mod cancel;
mod cut;
mod guard;
mod limits;
mod proxy;
mod redirects;
mod reuse;
mod server;
mod tls;
