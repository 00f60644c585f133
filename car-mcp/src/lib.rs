//! MCP peers, transport-neutral: a client session and, with the feature `server`, a server. Both speak every revision of
//! the protocol. The module `server` describes the server; here is the client.
//!
//! ```text
//!   your task                                                        the wire
//!   ─────────                                                        ────────
//!   Session::call_tool ─▶ encode ─▶ Transport::send ───────────────▶ bytes
//!        ▲                             │
//!        │  result  ◀── Incoming<T> ◀──┴─ Body | Stream of messages ◀─ bytes
//!        │                                  ├─ progress      ─▶ the call's deadline, your callback
//!        │                                  ├─ list changed  ─▶ lists forget, EventStream
//!        └── questions (legacy requests, modern rounds) ─▶ ClientHandler ─▶ back to the server
//! ```
//!
//! A call runs in its caller's task, from the method to the socket and back. There is no actor, no channel hop and no
//! lock held across the network; many calls are under way on one session at once. What the wire is, is the
//! transport's business: `car-mcp-http` has Streamable HTTP, `car-mcp-stdio` child processes.
//!
//! The session finds out by itself which era a server lives in (`car_mcp_proto::negotiate`), makes a new handshake
//! when a legacy server has forgotten it, and never sends a call twice that may have run.
//!
//! # Example
//!
//! ```
//! use car_mcp::proto::{RawJson, capability::Implementation};
//! use car_mcp::transport::Transport;
//! use car_mcp::{CallOptions, Error, Session};
//!
//! async fn greet(transport: impl Transport + 'static) -> Result<String, Error> {
//!     let session = Session::builder(Implementation::new("example")).connect(transport).await?;
//!     let arguments = RawJson::from_text(r#"{"name":"Ada"}"#).expect("it is JSON");
//!     let result = session.call_tool("greet", arguments.as_raw(), &CallOptions::new()).await?;
//!     Ok(result.content[0].as_text().unwrap_or_default().to_owned())
//! }
//! ```
//!
//! `examples/scripted_server.rs` runs a session over a transport that is a function, `examples/serve_in_memory.rs` a
//! server over no transport at all.

pub mod client;
pub mod handler;
#[cfg(feature = "server")]
pub mod server;
pub mod transport;

mod error;

pub use client::{CallOptions, Event, EventStream, Limits, Listing, Session, SessionBuilder, SetAside};
pub use error::Error;
pub use handler::{ClientHandler, NoHandler, Refusal};

pub use car_mcp_proto as proto;
