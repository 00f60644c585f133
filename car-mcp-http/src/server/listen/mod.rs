//! Listens on a port and serves connections, HTTP/1.1 and HTTP/2, each within its limits.
//!
//! ```text
//!  HttpServer ─▶ accept ─▶ connection: hyper ◀─▶ Wire ◀─▶ socket
//!                              │          └── McpService
//!                              └── Activity: no request for too long, nothing taken for too long ─▶ closed
//! ```

mod activity;
mod connection;
mod http_server;
pub mod socket;
mod wire;

pub use http_server::HttpServer;
