//! The sessions of legacy MCP clients, for a program that has the daemon inside it.

use super::Gateway;

/// The sessions of legacy MCP clients, which a server may send something on its own. Clones are the same.
#[derive(Clone, Debug)]
pub struct McpSessions(Gateway);

impl McpSessions {
    pub(crate) const fn new(gateway: Gateway) -> Self {
        Self(gateway)
    }

    /// Puts a message, a notification or a request as JSON text, on the own stream of a session, and returns whether there is
    /// somebody to read it. `session` is what its client sends as `Mcp-Session-Id`.
    #[must_use]
    pub fn push_to_session(&self, session: &str, message: &str) -> bool {
        self.0.push_to_session(session, message)
    }

    /// Counts the sessions.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.sessions()
    }
}
