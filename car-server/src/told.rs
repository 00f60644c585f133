//! What a front end is told of changes to connectors.

use car_connectors::{ConnectorEvent, ConnectorState};
use serde::Serialize;

use crate::rpc;
use crate::visitor::Visitor;

/// A change.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Change<'a> {
    /// What happened: `added`, `removed`, `state`, `tools`, `definitions` (enabled tools are out of service because their
    /// definitions changed), `shared` (prompts or resources), or `missed`, after which everything should be asked for anew.
    what: &'static str,
    /// The connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<&'a str>,
    /// How it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<ConnectorState>,
    /// The tools whose definitions changed, by the server's names for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a [String]>,
}

/// The notification's name.
pub(crate) const CHANGED: &str = "connectors.changed";

impl Change<'_> {
    /// Writes the notification of an event; nothing where it is not for this visitor.
    pub(crate) fn written(event: &ConnectorEvent, visitor: &Visitor) -> Option<String> {
        let (what, slug) = match event {
            ConnectorEvent::Added { slug } => ("added", slug),
            ConnectorEvent::Removed { slug } => ("removed", slug),
            ConnectorEvent::StateChanged { slug, .. } => ("state", slug),
            ConnectorEvent::ToolsChanged { slug } => ("tools", slug),
            ConnectorEvent::DefinitionsChanged { slug, .. } => ("definitions", slug),
            ConnectorEvent::SharedChanged { slug } => ("shared", slug),
            // Front ends do not watch resources.
            ConnectorEvent::ResourceUpdated { .. } => return None,
            _ => return Some(Self::missed()),
        };
        let (state, tools) = match event {
            ConnectorEvent::StateChanged { state, .. } => (Some(*state), None),
            ConnectorEvent::DefinitionsChanged { tools, .. } => (None, Some(tools.as_slice())),
            _ => (None, None),
        };
        let change = Change { what, slug: Some(slug), state, tools };
        visitor.sees(slug).then(|| rpc::notification(CHANGED, &change))
    }

    /// Writes the notification that some were missed.
    pub(crate) fn missed() -> String {
        rpc::notification(CHANGED, &Change { what: "missed", slug: None, state: None, tools: None })
    }
}
