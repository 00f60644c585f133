//! MCP peers, transport-neutral: a client session that speaks every revision of the protocol.
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
//! transport's business: `car-mcp-http` has Streamable HTTP.
//!
//! The session finds out by itself which era a server lives in (`car_mcp_proto::negotiate`), makes a new handshake
//! when a legacy server has forgotten it, and never sends a call twice that may have run.

pub mod client;
pub mod handler;
pub mod transport;

mod error;

pub use client::{CallOptions, Event, EventStream, Limits, Listing, Session, SessionBuilder, SetAside};
pub use error::Error;
pub use handler::{ClientHandler, NoHandler, Refusal};

pub use car_mcp_proto as proto;
