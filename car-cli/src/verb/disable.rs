//! `car disable SLUG TOOL…`: takes tools back.

use super::selection::{self, Selection};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Disable tools: they can no longer be called
///
/// With --prompts and --resources the daemon no longer passes these on.
#[derive(clap::Args)]
pub(crate) struct Disable {
    #[command(flatten)]
    selection: Selection,
}

/// Disables the tools: their routes are gone.
pub(crate) async fn run(context: &Context, arguments: Disable) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.selection.slug).await?.slug;
    let selection = &arguments.selection;
    if selection.has_tools() {
        let wait = context.screen.wait(format!("looking at the tools of {slug}"));
        if let Err(error) = wait.on(manager.disable_tools(&slug, &selection.tools())).await {
            return Err(selection.explain(&manager, &slug, error).await);
        }
    }
    selection.share(&manager, &slug, false).await?;
    selection::show(context, &manager, &slug, selection, "disabled").await?;
    context.finish(&manager).await;
    Ok(Exit::Done)
}
