//! The MCP endpoint: what clients of either era get of servers of either era, through the daemon.

mod eras;
mod held;
mod lists;
mod refusals;
mod stage;
