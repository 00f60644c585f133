//! `car renew-tokens SLUG`: what a command starts in a process of its own, so that nobody interrupts it.

use car_connectors::oauth::driver::Fingerprint;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Renew a connector's tokens if they are due
#[derive(clap::Args)]
pub(crate) struct RenewTokens {
    /// The connector
    slug: String,
    /// The fingerprint of a token that the server refused
    #[arg(long, value_name = "FINGERPRINT")]
    refused: Option<String>,
}

/// What was done, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    renewed: &'a str,
}

/// Renews the tokens.
pub(crate) async fn run(context: &Context, arguments: RenewTokens) -> Result<Exit, Failure> {
    let manager = context.plain_manager().await?;
    let refused = arguments.refused.as_deref().map(Fingerprint::from_text);
    manager.renew_tokens(&arguments.slug, refused.as_ref()).await?;
    context.screen.result(&Answer { renewed: &arguments.slug }, String::new);
    Ok(Exit::Done)
}
