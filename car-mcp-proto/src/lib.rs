//! JSON-RPC 2.0 and MCP messages of every revision, and the rules of the protocol, with no I/O.
//!
//! Everything here is a value or a pure function: nothing opens a socket, reads a clock or spawns a task. The crates
//! `car-mcp` (peers) and `car-mcp-http` (transport) stand on it; a program that only wants to read or write MCP
//! messages needs nothing else.
//!
//! ```text
//!  text ─▶ rpc::Incoming<T> ─▶ result::Outcome<T> ─▶ T = tool::CallToolResult, …     (up: one parse)
//!  text ◀─ rpc::Outgoing<P> ◀─ P = tool::CallToolParams, …                           (down)
//!
//!  rules: negotiate (which era)   header, param_header (what is repeated in headers)
//!         page (cursors)   salvage (lists with a bad entry)   cache (freshness)
//!         mrtr (rounds)   elicitation (defaults)   schema_work, schema_cost (what a schema costs)
//! ```
//!
//! Messages are superset types: a member that only some revisions have is optional. What no revision names is kept in
//! `unknown` and written back. Enumerations stay open. Schemas, arguments and structured results stay raw JSON.
//!
//! # Example
//!
//! ```
//! use car_mcp_proto::result::Outcome;
//! use car_mcp_proto::rpc::Incoming;
//! use car_mcp_proto::tool::CallToolResult;
//!
//! let body = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"hi"}]}}"#;
//! let Incoming::Response { result: Outcome::Complete(result), .. } =
//!     serde_json::from_str::<Incoming<'_, Outcome<CallToolResult>>>(body)?
//! else {
//!     panic!("an answer was expected")
//! };
//! assert_eq!(result.content[0].as_text(), Some("hi"));
//! # Ok::<(), serde_json::Error>(())
//! ```

#[macro_use]
pub mod json;

pub mod method;
pub mod result;
pub mod rpc;
pub mod version;

pub mod capability;
pub mod completion;
pub mod content;
pub mod discover;
pub mod elicitation;
pub mod legacy;
pub mod logging;
pub mod mrtr;
pub mod progress;
pub mod prompt;
pub mod resource;
pub mod roots;
pub mod sampling;
pub mod subscription;
pub mod tool;

pub mod cache;
pub mod header;
pub mod meta;
pub mod negotiate;
pub mod page;
pub mod param_header;
pub mod salvage;
pub mod schema_cost;
pub mod schema_work;

pub use json::{Members, RawJson};
pub use rpc::{ErrorObject, RequestId};
pub use version::{Era, ProtocolVersion};
