//! JSON-RPC 2.0 and MCP messages of every revision, and the rules of the protocol, with no I/O.
