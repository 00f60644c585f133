//! Enabled tools whose definitions changed: what differs, and agreeing to it.

use super::ConnectorManager;
use crate::error::Error;
use crate::pinned::ChangedTool;
use crate::status::ToolView;

impl ConnectorManager {
    /// Lists the enabled tools of a connector that are out of service because their definitions changed, dialing it where
    /// there is no session yet.
    ///
    /// # Errors
    /// Says that there is no such connector, or why its server cannot be used.
    pub async fn changed_tools(&self, slug: &str) -> Result<Vec<ChangedTool>, Error> {
        let _ = slug;
        todo!("part C2")
    }

    /// Agrees to a change that the person has seen: `seen` is that of [`ChangedTool`]. The tool is in service again.
    ///
    /// # Errors
    /// Says that the tool did not change, or (kind `changed`) that it is not what was seen any more.
    pub async fn approve_tool(&self, slug: &str, tool: &str, seen: &str) -> Result<Vec<ToolView>, Error> {
        let _ = (slug, tool, seen);
        todo!("part C2")
    }
}
