//! Looking: connectors and tools.

use car_connectors::{ConnectorManager, ConnectorStatus, ToolListing};
use serde::Serialize;

use super::{About, Nothing};
use crate::rpc::RpcError;

/// All connectors.
#[derive(Serialize)]
pub(crate) struct Connectors {
    connectors: Vec<ConnectorStatus>,
    /// What the person should know and need not act on at once.
    warnings: Vec<String>,
}

pub(crate) async fn list(manager: &ConnectorManager, _: Nothing) -> Result<Connectors, RpcError> {
    Ok(Connectors { connectors: manager.list().await?, warnings: manager.warnings() })
}

pub(crate) async fn status(manager: &ConnectorManager, about: About) -> Result<ConnectorStatus, RpcError> {
    Ok(manager.status(&about.slug).await?)
}

pub(crate) async fn tools(manager: &ConnectorManager, about: About) -> Result<ToolListing, RpcError> {
    Ok(manager.tools(&about.slug).await?)
}
