//! A server on this workspace's own crates that has one of everything: what the conformance suite asks for, and the
//! tools of the [double](crate::double).
//!
//! ```text
//!  Options ─▶ offers ─▶ car_mcp::server::Server ─▶ car_mcp_http::server::McpService ─▶ Everything (loopback, TLS, guard)
//!             │                                └─▶ car_mcp_stdio::serve_stdio          (the program, with --stdio)
//!             ├─ content, speaking, questions, rounds, changes, jobs    tools by theme
//!             ├─ classics                                               the tools of the double
//!             └─ prompts, resources
//! ```
//!
//! Each fixture uses the public API only: what it needs, a user needs.

mod changes;
mod classics;
mod content;
mod guard;
mod jobs;
mod offers;
mod options;
mod prompts;
mod questions;
mod resources;
mod rounds;
mod server;
mod speaking;

pub use offers::server;
pub use options::Options;
pub use server::Everything;
