//! Changing: adding, removing, enabling, sharing.

use std::collections::BTreeMap;

use car_connectors::store::{Secret, StdioCommand};
use car_connectors::{ConnectorStatus, NewConnector, ToolSelection, ToolView};
use serde::{Deserialize, Serialize};

use super::{About, Desk, params};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// A text that is kept as a secret.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline, extend("writeOnly" = true)))]
#[serde(from = "String")]
pub(crate) struct Hidden(#[cfg_attr(feature = "schema", schemars(with = "String"))] pub(super) Secret);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

/// A remote connector that is to be added.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// Its name, as the person gives it.
    name: String,
    /// The URL of its MCP endpoint.
    url: String,
    /// Headers that every request carries. All values are kept as secrets.
    #[serde(default)]
    headers: BTreeMap<String, Hidden>,
}

pub(super) async fn add(desk: &Desk, _: &Visitor, add: Add) -> Result<ConnectorStatus, RpcError> {
    let new = NewConnector::remote(add.name, add.url);
    let new = add.headers.into_iter().fold(new, |new, (name, value)| new.with_header(name, value.0));
    Ok(desk.manager.add(new).await?)
}

/// A local connector that is to be added.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct AddStdio {
    /// Its name, as the person gives it.
    name: String,
    /// The program that is started.
    command: String,
    /// Its arguments.
    #[serde(default)]
    args: Vec<String>,
    /// Variables of its environment. All values are kept as secrets.
    #[serde(default)]
    env: BTreeMap<String, Hidden>,
}

pub(super) async fn add_stdio(desk: &Desk, _: &Visitor, add: AddStdio) -> Result<ConnectorStatus, RpcError> {
    let new = NewConnector::local(add.name, StdioCommand::new(add.command, add.args));
    let new = add.env.into_iter().fold(new, |new, (name, value)| new.with_variable(name, value.0));
    Ok(desk.manager.add(new).await?)
}

/// Some tools of a connector, or all of them.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Tools {
    /// The connector.
    slug: String,
    /// The server's names for the tools, or `"all"`.
    tools: Which,
}

/// Names of tools, or all of them.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "WhichTools"))]
#[serde(untagged, expecting = "expected a list of names, or \"all\"")]
enum Which {
    /// Those with these names, as the server gives them.
    Named(Vec<String>),
    /// All that the connector has.
    All(All),
}

/// The word for all of them.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "AllTools"))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Changed {
    /// All of them.
    tools: Vec<ToolView>,
}

pub(super) async fn enable_tools(desk: &Desk, _: &Visitor, which: Tools) -> Result<Changed, RpcError> {
    Ok(Changed { tools: desk.manager.enable_tools(&which.slug, &which.tools.into()).await? })
}

pub(super) async fn disable_tools(desk: &Desk, _: &Visitor, which: Tools) -> Result<Changed, RpcError> {
    Ok(Changed { tools: desk.manager.disable_tools(&which.slug, &which.tools.into()).await? })
}

/// A change that the person agrees to.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveTool {
    /// The connector.
    slug: String,
    /// The server's name for the tool.
    tool: String,
    /// What `connectors.changed_tools` said of the change that the person was shown.
    seen: String,
}

pub(super) async fn approve_tool(desk: &Desk, _: &Visitor, agreed: ApproveTool) -> Result<Changed, RpcError> {
    let ApproveTool { slug, tool, seen } = agreed;
    Ok(Changed { tools: desk.manager.approve_tool(&slug, &tool, &seen).await? })
}

/// What of a connector is passed on to MCP clients. What is left out stays as it is.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Share {
    /// The connector.
    slug: String,
    /// Whether its prompts are passed on.
    prompts: Option<bool>,
    /// Whether its resources are passed on.
    resources: Option<bool>,
}

pub(super) async fn share(desk: &Desk, _: &Visitor, share: Share) -> Result<ConnectorStatus, RpcError> {
    Ok(desk.manager.share(&share.slug, share.prompts, share.resources).await?)
}

pub(super) async fn refresh(desk: &Desk, _: &Visitor, about: About) -> Result<ConnectorStatus, RpcError> {
    Ok(desk.manager.refresh(&about.slug).await?)
}

/// What was removed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Removed {
    /// Its slug, or the source's name.
    pub(super) removed: String,
}

pub(super) async fn remove(desk: &Desk, _: &Visitor, about: About) -> Result<Removed, RpcError> {
    desk.manager.remove(&about.slug).await?;
    desk.approvals.forget(&about.slug);
    Ok(Removed { removed: about.slug })
}

params!(about a connector: Tools, ApproveTool, Share; about none: Add, AddStdio);
