//! `car enable SLUG TOOL…`: lets tools be called, and prompts and resources be passed on.

use super::selection::{self, Selection};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Enable tools, so that they can be called
///
/// The daemon passes them on to its MCP clients; with --prompts and --resources these too.
#[derive(clap::Args)]
pub(crate) struct Enable {
    #[command(flatten)]
    selection: Selection,
}

/// Enables the tools: from now on they have a route.
pub(crate) async fn run(context: &Context, arguments: Enable) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.selection.slug).await?.slug;
    let selection = &arguments.selection;
    if selection.has_tools() {
        let wait = context.screen.wait(format!("looking at the tools of {slug}"));
        if let Err(error) = wait.on(manager.enable_tools(&slug, &selection.tools())).await {
            return Err(selection.explain(&manager, &slug, error).await);
        }
    }
    selection.share(&manager, &slug, true).await?;
    selection::show(context, &manager, &slug, selection, "enabled").await?;
    context.finish(&manager).await;
    Ok(Exit::Done)
}
