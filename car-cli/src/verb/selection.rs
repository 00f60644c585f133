//! Which tools are meant, for `enable` and `disable`.

use car_connectors::{ConnectorManager, Error, ErrorKind, ToolSelection, ToolView};

use super::tools::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::suggestion;

/// The connector, and tools of it.
#[derive(clap::Args)]
pub(super) struct Selection {
    /// The connector
    pub(super) slug: String,
    /// The tools, by the names that the server gives them
    #[arg(value_name = "TOOL", required_unless_present = "all", conflicts_with = "all")]
    tools: Vec<String>,
    /// All tools that the connector has
    #[arg(long)]
    all: bool,
}

impl Selection {
    /// Returns the selection as the facade takes it.
    pub(super) fn tools(&self) -> ToolSelection {
        if self.all { ToolSelection::All } else { ToolSelection::Named(self.tools.clone()) }
    }

    /// Adds to an error which tool was probably meant.
    pub(super) async fn explain(&self, manager: &ConnectorManager, slug: &str, error: Error) -> Failure {
        let is_unknown_tool = error.kind() == ErrorKind::NotFound;
        let failure = Failure::from(error);
        if !is_unknown_tool {
            return failure;
        }
        // The list was just fetched for the change itself, so this asks nobody anew.
        let Ok(listing) = manager.tools(slug).await else { return failure };
        let known = || listing.tools.iter().map(|tool| tool.name.as_str());
        match self.tools.iter().find(|given| !known().any(|name| name == *given)) {
            Some(given) => failure.hinted(suggestion::hint("tools", given, known().collect::<Vec<_>>())),
            None => failure,
        }
    }
}

/// Shows the tools that were changed.
pub(super) fn show(context: &Context, slug: &str, done: &str, tools: &[ToolView]) {
    context.screen.result(&Answer { connector: slug, tools, set_aside: None }, || {
        let line = |tool: &ToolView| format!("{done} {slug}/{} as {}", tool.name, tool.canonical);
        tools.iter().map(line).collect::<Vec<_>>().join("\n")
    });
}
