//! `car disable SLUG TOOL…`: takes tools back.

use super::selection::{self, Selection};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Disable tools: they can no longer be called
#[derive(clap::Args)]
pub(crate) struct Disable {
    #[command(flatten)]
    selection: Selection,
}

/// Disables the tools: their routes are gone.
pub(crate) async fn run(context: &Context, arguments: Disable) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.selection.slug).await?.slug;
    let wait = context.screen.wait(format!("looking at the tools of {slug}"));
    let changed = wait.on(manager.disable_tools(&slug, &arguments.selection.tools())).await;
    match changed {
        Ok(_) => selection::show(context, &manager, &slug, &arguments.selection, "disabled").await?,
        Err(error) => return Err(arguments.selection.explain(&manager, &slug, error).await),
    }
    context.finish(&manager).await;
    Ok(Exit::Done)
}
