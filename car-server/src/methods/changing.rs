//! Changing: adding, removing, enabling.

use std::collections::BTreeMap;

use car_connectors::store::{Secret, StdioCommand};
use car_connectors::{ConnectorManager, ConnectorStatus, NewConnector, ToolSelection, ToolView};
use serde::{Deserialize, Serialize};

use super::About;
use crate::rpc::RpcError;

/// A text that is kept as a secret.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Hidden(pub(super) Secret);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    name: String,
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, Hidden>,
}

pub(crate) async fn add(manager: &ConnectorManager, add: Add) -> Result<ConnectorStatus, RpcError> {
    let new = NewConnector::remote(add.name, add.url);
    let new = add.headers.into_iter().fold(new, |new, (name, value)| new.with_header(name, value.0));
    Ok(manager.add(new).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddStdio {
    name: String,
    command: String,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, Hidden>,
}

pub(crate) async fn add_stdio(
    manager: &ConnectorManager,
    add: AddStdio,
) -> Result<ConnectorStatus, RpcError> {
    let new = NewConnector::local(add.name, StdioCommand::new(add.command, add.args));
    let new = add.env.into_iter().fold(new, |new, (name, value)| new.with_variable(name, value.0));
    Ok(manager.add(new).await?)
}

/// Some tools of a connector, or `"all"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tools {
    slug: String,
    tools: Which,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a list of names, or \"all\"")]
enum Which {
    Named(Vec<String>),
    All(All),
}

#[derive(Deserialize)]
enum All {
    #[serde(rename = "all")]
    All,
}

impl From<Which> for ToolSelection {
    fn from(which: Which) -> Self {
        match which {
            Which::Named(names) => Self::Named(names),
            Which::All(All::All) => Self::All,
        }
    }
}

/// The tools of a connector, as they are now.
#[derive(Serialize)]
pub(crate) struct Changed {
    tools: Vec<ToolView>,
}

pub(crate) async fn enable_tools(manager: &ConnectorManager, which: Tools) -> Result<Changed, RpcError> {
    Ok(Changed { tools: manager.enable_tools(&which.slug, &which.tools.into()).await? })
}

pub(crate) async fn disable_tools(manager: &ConnectorManager, which: Tools) -> Result<Changed, RpcError> {
    Ok(Changed { tools: manager.disable_tools(&which.slug, &which.tools.into()).await? })
}

pub(crate) async fn refresh(manager: &ConnectorManager, about: About) -> Result<ConnectorStatus, RpcError> {
    Ok(manager.refresh(&about.slug).await?)
}

/// What was removed.
#[derive(Serialize)]
pub(crate) struct Removed {
    removed: String,
}

pub(crate) async fn remove(manager: &ConnectorManager, about: About) -> Result<Removed, RpcError> {
    manager.remove(&about.slug).await?;
    Ok(Removed { removed: about.slug })
}
