//! The client against real servers on loopback.

mod reuse;
mod server;
