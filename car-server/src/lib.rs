//! The daemon: lets the front ends of a machine drive its connectors, over WebSocket.
//!
//! ```text
//!  front end ──▶ GET /ws ──▶ guard: Host, Origin ─▶ token ─▶ Connection ──▶ rpc: one JSON-RPC message a frame
//!                                                                │                │
//!                                                                │                ▼
//!            ◀── connectors.changed … ◀── ConnectorEvents ───────┤          methods: connectors.*
//!            ◀── answers, in the order in which they are ready ──┘                │
//!                                                                                 ▼
//!                                                                          ConnectorManager
//! ```
//!
//! A request runs in the task of its connection, beside the others of that connection, and ends with it. Nothing is read
//! from a front end that has too many requests under way or does not take its answers, so it holds up itself alone.
//!
//! `docs/websocket-protocol.md` describes the methods. Who may connect has the token of the state folder
//! ([`DaemonAddress`](car_connectors::store::DaemonAddress)).
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
