//! `car approve SLUG TOOL…`: agrees to tools that changed, once the difference has been shown.

use car_connectors::{ChangedTool, ConnectorManager};
use serde::Serialize;

use super::changed;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::{Input, can_ask};
use crate::suggestion;

/// Agree to tools that changed since you enabled them: show what differs, and ask
///
/// A tool whose name, description, schema or annotations are not what you agreed to cannot be called before this.
#[derive(clap::Args)]
pub(crate) struct Approve {
    /// The connector
    slug: String,
    /// The tools, by the names that the server gives them
    #[arg(value_name = "TOOL", required_unless_present = "all", conflicts_with = "all")]
    tools: Vec<String>,
    /// All tools of the connector that changed
    #[arg(long)]
    all: bool,
    /// Agree without being asked
    #[arg(long, short)]
    yes: bool,
}

/// What was agreed to, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    connector: &'a str,
    approved: &'a [ChangedTool],
}

/// Shows what differs, and agrees to it if the person does.
pub(crate) async fn run(context: &Context, arguments: Approve) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let ended = approve(context, &manager, &arguments).await;
    context.finish(&manager).await;
    ended
}

async fn approve(
    context: &Context,
    manager: &ConnectorManager,
    arguments: &Approve,
) -> Result<Exit, Failure> {
    let slug = context.connector(manager, &arguments.slug).await?.slug;
    let wait = context.screen.wait(format!("looking at the tools of {slug}"));
    let changed = wait.on(manager.changed_tools(&slug)).await?;
    let meant = meant(&slug, changed, arguments)?;
    if meant.is_empty() {
        let answer = Answer { connector: &slug, approved: &meant };
        context.screen.result(&answer, || format!("{slug}: every enabled tool is what you agreed to"));
        return Ok(Exit::Done);
    }
    if !arguments.yes {
        ask(context, &slug, &meant).await?;
    }
    for tool in &meant {
        // It names what was shown: what changed since then is not agreed to.
        manager.approve_tool(&slug, &tool.name, &tool.seen).await?;
    }
    context.screen.result(&Answer { connector: &slug, approved: &meant }, || {
        let line = |tool: &ChangedTool| format!("approved {slug}/{} as it is now", tool.name);
        let done = meant.iter().map(line).collect::<Vec<_>>().join("\n");
        // Whoever was asked has seen it.
        if arguments.yes { format!("{}\n\n{done}", changed::text(&slug, &meant)) } else { done }
    });
    Ok(Exit::Done)
}

/// Picks the tools that are meant out of those that changed.
fn meant(slug: &str, changed: Vec<ChangedTool>, arguments: &Approve) -> Result<Vec<ChangedTool>, Failure> {
    let unknown = arguments.tools.iter().find(|given| !changed.iter().any(|tool| tool.name == **given));
    if let Some(given) = unknown {
        let hint = match changed.is_empty() {
            true => "every enabled tool is what you agreed to".to_owned(),
            false => suggestion::hint("changed tools", given, changed.iter().map(|tool| tool.name.as_str())),
        };
        let message = format!("the tool {given:?} has not changed, or is not enabled");
        return Err(Failure::new("not_found", message).of(slug).hinted(hint));
    }
    let is_meant = |tool: &ChangedTool| arguments.all || arguments.tools.contains(&tool.name);
    Ok(changed.into_iter().filter(is_meant).collect())
}

async fn ask(context: &Context, slug: &str, tools: &[ChangedTool]) -> Result<(), Failure> {
    if context.screen.is_json() || !can_ask() {
        let hint = format!(
            "look at it with `car tools {slug} --changed`, then agree with `car approve {slug} … --yes`"
        );
        return Err(Failure::new("changed", "nobody is here to agree to what changed").of(slug).hinted(hint));
    }
    let which = if tools.len() == 1 { "this change" } else { "all of these changes" };
    context.screen.ask(&format!("{}\n\nAgree to {which}? [y/N] ", changed::text(slug, tools)));
    let answer = Input::default().line().await.unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => {
            Err(Failure::new("changed", "not agreed to").of(slug).hinted("what changed stays out of service"))
        }
    }
}
