//! Looking: connectors and tools.

use car_connectors::{ChangedTool, ConnectorStatus, ToolListing};
use serde::Serialize;

use super::{About, Desk, Nothing};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// All connectors.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Connectors {
    /// The user's in the order in which they were added, then the project's.
    connectors: Vec<ConnectorStatus>,
    /// What the person should know and need not act on at once.
    warnings: Vec<String>,
}

pub(super) async fn list(desk: &Desk, visitor: &Visitor, _: Nothing) -> Result<Connectors, RpcError> {
    let mut connectors = desk.manager.list().await?;
    connectors.retain(|connector| visitor.sees(&connector.slug));
    // Warnings are about the whole state folder.
    let warnings = if visitor.sees_all() { desk.all_warnings() } else { Vec::new() };
    Ok(Connectors { connectors, warnings })
}

pub(super) async fn status(desk: &Desk, _: &Visitor, about: About) -> Result<ConnectorStatus, RpcError> {
    Ok(desk.manager.status(&about.slug).await?)
}

pub(super) async fn tools(desk: &Desk, _: &Visitor, about: About) -> Result<ToolListing, RpcError> {
    Ok(desk.manager.tools(&about.slug).await?)
}

/// Tools that are out of service because their definitions changed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ChangedTools {
    /// Each with what was agreed to, what it is now, and what differs.
    tools: Vec<ChangedTool>,
}

pub(super) async fn changed_tools(desk: &Desk, _: &Visitor, about: About) -> Result<ChangedTools, RpcError> {
    Ok(ChangedTools { tools: desk.manager.changed_tools(&about.slug).await? })
}

/// What a local server wrote.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ServerLog {
    /// Its last lines. What was no UTF-8 is replaced.
    text: String,
}

pub(super) async fn server_log(desk: &Desk, _: &Visitor, about: About) -> Result<ServerLog, RpcError> {
    let bytes = desk.manager.server_log(&about.slug).await?;
    Ok(ServerLog { text: String::from_utf8_lossy(&bytes).into_owned() })
}
