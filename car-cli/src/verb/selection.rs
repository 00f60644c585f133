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
    #[arg(value_name = "TOOL", required_unless_present_any = ["all", "prompts", "resources"], conflicts_with = "all")]
    tools: Vec<String>,
    /// All tools that the connector has
    #[arg(long)]
    all: bool,
    /// The connector's prompts, which the daemon then passes on
    #[arg(long)]
    prompts: bool,
    /// The connector's resources, which the daemon then passes on
    #[arg(long)]
    resources: bool,
}

impl Selection {
    /// Returns the selection as the facade takes it.
    pub(super) fn tools(&self) -> ToolSelection {
        if self.all { ToolSelection::All } else { ToolSelection::Named(self.tools.clone()) }
    }

    /// Returns whether tools are meant.
    pub(super) const fn has_tools(&self) -> bool {
        self.all || !self.tools.is_empty()
    }

    /// Sets whether prompts and resources are passed on, those of them that are meant.
    pub(super) async fn share(
        &self,
        manager: &ConnectorManager,
        slug: &str,
        is_shared: bool,
    ) -> Result<(), Failure> {
        if self.prompts || self.resources {
            let meant = |is_meant: bool| is_meant.then_some(is_shared);
            manager.share(slug, meant(self.prompts), meant(self.resources)).await?;
        }
        Ok(())
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
    shares_prompts: bool,
    shares_resources: bool,
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
    let status = manager.status(slug).await?;
    let answer = Answer {
        connector: slug,
        enabled_tools: tools,
        shares_prompts: status.shares_prompts,
        shares_resources: status.shares_resources,
    };
    context.screen.result(&answer, || {
        let shared = [(selection.prompts, "prompts"), (selection.resources, "resources")];
        let shared = shared.iter().filter(|(is_meant, _)| *is_meant);
        let shared = shared.map(|(_, what)| format!("{done} the {what} of {slug}"));
        if selection.all {
            return std::iter::once(format!("{done} all tools of {slug}"))
                .chain(shared)
                .collect::<Vec<_>>()
                .join("\n");
        }
        let line = |tool: &String| match names.get(tool.as_str()) {
            Some(canonical) => format!("{done} {slug}/{tool} as {canonical}"),
            None => format!("{done} {slug}/{tool}"),
        };
        selection.tools.iter().map(line).chain(shared).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}
