//! The resource indicator of an MCP server (RFC 8707).
