//! `car remove SLUG`: forgets a connector and its secrets.

use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Remove a connector, with its secrets
#[derive(clap::Args)]
pub(crate) struct Remove {
    /// The connector
    slug: String,
}

/// What was removed, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    removed: &'a str,
}

/// Removes the connector.
pub(crate) async fn run(context: &Context, arguments: Remove) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.slug).await?.slug;
    let removed = manager.remove(&slug).await;
    context.finish(&manager).await;
    removed?;
    context.screen.result(&Answer { removed: &slug }, || format!("removed {slug}"));
    Ok(Exit::Done)
}
