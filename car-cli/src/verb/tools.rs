//! `car tools SLUG`: what a connector offers, and which of it is enabled.

use car_connectors::{SetAside, ToolView};
use serde::Serialize;

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
            if tool.enabled { "yes" } else { "no" },
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
