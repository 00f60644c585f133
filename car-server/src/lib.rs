//! The daemon of a state folder: front ends drive its connectors over WebSocket, MCP clients reach all enabled tools through one
//! endpoint, a person manages it in a browser. Every call goes one way, through policy and event log.
//!
//! ```text
//!                   routes: Host, Origin ─▶ access: whose token? ─▶ Visitor: what may they do, and see?
//!                                                                      │
//!      front end ──▶ /ws ─▶ Connection ─▶ rpc ─▶ methods: connectors.* ┤
//!     MCP client ──▶ /mcp, /connectors/{slug}/mcp ─▶ gateway ──────────┤
//!        browser ──▶ / (the page), /session, /oauth/callback ──────────┤
//!                                                                      ▼
//!      front end ◀── told, notices ◀── events ◀────────────── ConnectorManager ── `ask` ──▶ approvals ──▶ front end
//! ```
//!
//! A front end's request runs in the task of its connection, beside the others of that connection, and ends with it. Nothing is
//! read from a front end that has too many requests under way or does not take its answers, so it holds up itself alone.
//!
//! `docs/websocket-protocol.md` says how to write a front end, `docs/reference/connectors-websocket.md` has every method, and
//! `docs/security.md` says who is let in.
//!
//! # Example
//!
//! ```no_run
//! use car_connectors::store::Home;
//! use car_connectors::ManagerOptions;
//! use car_server::{Daemon, DaemonOptions};
//!
//! # async fn example(home: Home) -> Result<(), Box<dyn std::error::Error>> {
//! let daemon = Daemon::start(&home, ManagerOptions::new(home.clone()), DaemonOptions::new()).await?;
//! println!("listening on {}", daemon.url());
//! daemon.serve_until(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod access;
mod approvals;
pub mod client;
mod connection;
mod daemon;
mod error;
mod gateway;
mod housekeeping;
mod methods;
mod metrics;
mod notices;
mod options;
mod outbox;
mod port;
#[cfg(feature = "schema")]
pub mod reference;
mod routes;
mod rpc;
mod told;
mod visitor;
mod watch;

pub use daemon::Daemon;
pub use error::Error;
pub use gateway::McpSessions;
pub use options::DaemonOptions;
pub use watch::Reload;
