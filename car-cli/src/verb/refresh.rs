//! `car refresh SLUG`: contacts the server anew and lists its tools again.

use super::status::{self, Answer};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Contact a connector anew and list its tools again
#[derive(clap::Args)]
pub(crate) struct Refresh {
    /// The connector
    slug: String,
}

/// Refreshes the connector, and shows how it stands.
pub(crate) async fn run(context: &Context, arguments: Refresh) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.slug).await?.slug;
    let wait = context.screen.wait(format!("contacting {slug}"));
    let refreshed = wait.on(manager.refresh(&slug)).await;
    context.finish(&manager).await;
    let status = refreshed?;
    context.screen.result(&Answer { connector: &status }, || status::text(&status));
    Ok(Exit::Done)
}
