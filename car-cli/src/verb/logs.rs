//! `car logs SLUG`: what a local server has written to its standard error.

use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::plain;

/// Show what a local server has written to its standard error
#[derive(clap::Args)]
pub(crate) struct Logs {
    /// The connector
    slug: String,
}

/// The log, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    log: &'a str,
}

/// Shows the log.
pub(crate) async fn run(context: &Context, arguments: Logs) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.slug).await?.slug;
    let log = manager.server_log(&slug).await?;
    let text = String::from_utf8_lossy(&log);
    // What a server writes is not let loose on the terminal.
    context
        .screen
        .result(&Answer { log: &text }, || text.lines().map(|line| format!("{}\n", plain(line))).collect());
    if log.is_empty() {
        context.screen.note(format_args!("{slug} has not written anything"));
    }
    Ok(Exit::Done)
}
