//! Bad input, byte for byte as it comes over a socket: each case names the rule that it breaks, and the exact answer.
//!
//! The rules are numbered as in the list of what the specification asks of servers: V for the modern era, W for the
//! legacy one. A case without a number is a rule of JSON-RPC or of HTTP itself.

mod arguments;
mod bodies;
mod headers;
mod lines;
mod modern;
mod sessions;
