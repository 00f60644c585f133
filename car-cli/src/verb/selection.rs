//! Which tools are meant, for `enable` and `disable`.

use car_connectors::{ConnectorManager, Error, ErrorKind, ToolSelection, canonical_names};
use serde::Serialize;

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

/// A tool that is enabled, as a program gets it.
#[derive(Serialize)]
struct Enabled<'a> {
    name: &'a str,
    canonical: &'a str,
}

/// Which tools are enabled now, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    connector: &'a str,
    enabled_tools: Vec<Enabled<'a>>,
}

/// Shows a person what was changed, and a program which tools are enabled now.
pub(super) async fn show(
    context: &Context,
    manager: &ConnectorManager,
    slug: &str,
    selection: &Selection,
    done: &str,
) -> Result<(), Failure> {
    let known = manager.list().await?.into_iter().filter(|known| known.state.is_in_use());
    let slugs: Vec<String> = known.map(|known| known.slug).collect();
    let enabled = manager.enabled_tools(slug).await?;
    let names = canonical_names(slug, enabled.iter().map(String::as_str), &slugs);
    let tools = names.iter().map(|(name, canonical)| Enabled { name, canonical }).collect();
    context.screen.result(&Answer { connector: slug, enabled_tools: tools }, || {
        if selection.all {
            return format!("{done} all tools of {slug}");
        }
        let line = |tool: &String| match names.get(tool.as_str()) {
            Some(canonical) => format!("{done} {slug}/{tool} as {canonical}"),
            None => format!("{done} {slug}/{tool}"),
        };
        selection.tools.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}
