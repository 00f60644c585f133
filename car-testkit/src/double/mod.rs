//! A correct MCP server in every revision, on one endpoint.
//!
//! ```text
//!  request ─▶ dispatch ─┬─▶ modern_check ─▶ modern ──┬─▶ calls (what each tool does)
//!                       └─▶ legacy ──────────────────┤   tools, offers (what is listed)
//!                                                    └─▶ state (config, sessions, who listens)
//! ```
//!
//! `/mcp` speaks Streamable HTTP of all revisions, `/sse` the older pair of endpoints.

mod calls;
mod config;
mod dispatch;
mod legacy;
mod modern;
mod modern_check;
mod offers;
mod server;
mod state;
mod tools;

pub use config::{Answers, Config, Era};
pub use server::Double;
