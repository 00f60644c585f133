//! `car enable SLUG TOOL…`: lets tools be called.

use super::selection::{self, Selection};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Enable tools, so that they can be called
#[derive(clap::Args)]
pub(crate) struct Enable {
    #[command(flatten)]
    selection: Selection,
}

/// Enables the tools: from now on they have a route.
pub(crate) async fn run(context: &Context, arguments: Enable) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.selection.slug).await?.slug;
    let wait = context.screen.wait(format!("looking at the tools of {slug}"));
    let changed = wait.on(manager.enable_tools(&slug, &arguments.selection.tools())).await;
    match changed {
        Ok(_) => selection::show(context, &manager, &slug, &arguments.selection, "enabled").await?,
        Err(error) => return Err(arguments.selection.explain(&manager, &slug, error).await),
    }
    context.finish(&manager).await;
    Ok(Exit::Done)
}
