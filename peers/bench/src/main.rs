//! Measures MCP clients against one fast server.

fn main() {}
