//! Behaviour of the messages as a whole.
//!
//! ```text
//! kinds ─▶ which type reads which definition          schema ─▶ the specification's JSON Schemas, where they are
//!   messages   our own example messages, tests/data/<revision>/<area>.json: {definition: [example, …]}
//!   examples   the specification's own examples, where a checkout of it is named by MCP_SPECIFICATION
//!   members    every member of every definition is named by our type, or known to be kept in `unknown`
//!   arbitrary  any message reads back     tolerance  what real servers send     wire  key messages, as they are sent
//! ```

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail where it stands")]
#![expect(clippy::print_stderr, reason = "what could not be checked on this machine is said")]

mod arbitrary;
mod examples;
mod kinds;
mod members;
mod messages;
mod schema;
mod tolerance;
mod wire;
