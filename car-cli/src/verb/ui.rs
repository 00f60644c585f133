//! `car ui`: opens the daemon's page, with a code that lets this browser in once.

use car_server::client;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, causes};
use crate::sign_in::open_page;

/// Open the daemon's page in a browser
///
/// The address holds a code that works once, for a minute. A daemon has to run: `car serve`.
#[derive(clap::Args)]
pub(crate) struct Ui {
    /// Only print the address
    #[arg(long)]
    print: bool,
}

/// Where the page is, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    url: &'a str,
    opened: bool,
}

/// Asks the daemon for a code, and opens its page with it.
pub(crate) async fn run(context: &Context, arguments: Ui) -> Result<Exit, Failure> {
    let page = client::page(&context.home).await.map_err(failure)?;
    let url = page.expose();
    let opened = !arguments.print && open_page(url.to_owned()).await;
    context.screen.result(&Answer { url, opened }, || match opened {
        // What is on the screen stays there; a code that was not needed should not.
        true => "the page is opening in a browser".to_owned(),
        false => url.to_owned(),
    });
    if !opened {
        context.screen.note("open this address in a browser; it works once, for a minute");
    }
    Ok(Exit::Done)
}

fn failure(error: client::ClientError) -> Failure {
    let kind = match &error {
        client::ClientError::State { .. } => "storage",
        client::ClientError::NoDaemon => "not_found",
        _ => "unreachable",
    };
    let hint = error.hint();
    let mut failure = Failure::new(kind, error.to_string()).hinted(hint);
    failure.causes = causes(&error);
    failure
}
