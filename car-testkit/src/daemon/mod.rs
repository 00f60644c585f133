//! Who uses a daemon: an MCP client that calls tools, and a front end that manages connectors.
//!
//! Both are written by hand, on plain sockets, so that they cost little beside the daemon under test and tell exactly what
//! was answered. What was answered can be relied on; what was sent when the daemon died may have been done or not.

mod caller;
mod front_end;

pub use caller::McpCaller;
pub use front_end::FrontEnd;
