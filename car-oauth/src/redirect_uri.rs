//! Where the browser comes back to (RFC 8252).
