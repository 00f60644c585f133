//! `car tools SLUG`: what a connector offers, which of it is enabled, and what of that has changed.

use car_connectors::{ChangedTool, SetAside, ToolView};
use serde::Serialize;

use super::changed;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Screen;

/// List a connector's tools
#[derive(clap::Args)]
pub(crate) struct Tools {
    /// The connector
    slug: String,
    /// Show each tool's arguments as JSON Schema too
    #[arg(long)]
    schema: bool,
    /// Show only enabled tools that are not what you agreed to, and what differs
    #[arg(long, conflicts_with = "schema")]
    changed: bool,
}

/// A connector's tools, as a program gets them.
#[derive(Serialize)]
struct Answer<'a> {
    connector: &'a str,
    tools: &'a [ToolView],
    set_aside: &'a [SetAside],
}

/// Lists the tools.
pub(crate) async fn run(context: &Context, arguments: Tools) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.slug).await?.slug;
    let wait = context.screen.wait(format!("listing the tools of {slug}"));
    if arguments.changed {
        let changed = wait.on(manager.changed_tools(&slug)).await;
        context.finish(&manager).await;
        show_changed(&context.screen, &slug, &changed?);
        return Ok(Exit::Done);
    }
    let listed = wait.on(manager.tools(&slug)).await;
    context.finish(&manager).await;
    let listing = listed?;
    let screen = &context.screen;
    let answer = Answer { connector: &slug, tools: &listing.tools, set_aside: &listing.set_aside };
    screen.result(&answer, || match arguments.schema {
        true => in_full(&listing.tools),
        false => table(screen, &listing.tools),
    });
    if !screen.is_json() {
        for tool in &listing.set_aside {
            let name = tool.name.as_deref().unwrap_or("(without a name)");
            screen.warning(&format!("{slug}: the tool {name} cannot be used: {}", tool.reason));
        }
    }
    Ok(Exit::Done)
}

/// Shows enabled tools that are not what the person agreed to.
fn show_changed(screen: &Screen, slug: &str, tools: &[ChangedTool]) {
    #[derive(Serialize)]
    struct Answer<'a> {
        connector: &'a str,
        changed: &'a [ChangedTool],
    }
    screen.result(&Answer { connector: slug, changed: tools }, || changed::text(slug, tools));
    match tools.is_empty() {
        true => screen.note(format_args!("{slug}: every enabled tool is what you agreed to")),
        false => screen.note(format_args!("next: `car approve {slug} TOOL…`, or `car disable {slug} TOOL…`")),
    }
}

/// Shows tools in a table.
fn table(screen: &Screen, tools: &[ToolView]) -> String {
    if tools.is_empty() {
        return String::new();
    }
    let mut table = screen.table(["TOOL", "ENABLED", "WHAT IT DOES"]);
    for tool in tools {
        let what = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
        // The first line says it; the rest is for the model.
        table.row([
            &tool.name,
            match (tool.enabled, tool.changed) {
                (true, true) => "changed",
                (true, false) => "yes",
                (false, _) => "no",
            },
            what.trim().lines().next().unwrap_or_default(),
        ]);
    }
    table.text()
}

/// Shows each tool with its description and its schema as the server wrote it.
fn in_full(tools: &[ToolView]) -> String {
    let one = |tool: &ToolView| {
        let enabled = if tool.enabled { "enabled" } else { "not enabled" };
        let what = tool.description.as_deref().unwrap_or_default().trim();
        let schema = serde_json::from_str::<serde_json::Value>(tool.input_schema.get())
            .map_or_else(|_| tool.input_schema.get().to_owned(), |schema| format!("{schema:#}"));
        format!("{} ({enabled}, {})\n{what}\n{schema}\n", tool.name, tool.canonical)
    };
    tools.iter().map(one).collect::<Vec<_>>().join("\n")
}
