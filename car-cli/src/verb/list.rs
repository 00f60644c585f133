//! `car list`: the connectors, without contacting any.

use car_connectors::ConnectorStatus;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Screen;

/// List the connectors; no server is contacted
#[derive(clap::Args)]
pub(crate) struct List {}

/// All connectors, as a program gets them.
#[derive(Serialize)]
struct Answer<'a> {
    connectors: &'a [ConnectorStatus],
}

/// Lists the connectors.
pub(crate) async fn run(context: &Context) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let all = manager.list().await?;
    context.finish(&manager).await;
    show(&context.screen, &all);
    Ok(Exit::Done)
}

/// Shows connectors in a table.
pub(super) fn show(screen: &Screen, connectors: &[ConnectorStatus]) {
    screen.result(&Answer { connectors }, || {
        if connectors.is_empty() {
            return String::new();
        }
        let mut table = screen.table(["CONNECTOR", "STATE", "ACCOUNT", "ENABLED", "TOOLS", "URL OR COMMAND"]);
        for connector in connectors {
            table.row([
                &connector.slug,
                &connector.state.as_str().replace('_', " "),
                &connector.account.clone().unwrap_or_else(|| "-".to_owned()),
                &connector.enabled_count.to_string(),
                &connector.tool_count.map_or_else(|| "-".to_owned(), |count| count.to_string()),
                &address(connector),
            ]);
        }
        table.text()
    });
    if connectors.is_empty() {
        screen.note("no connectors yet; next: `car add NAME URL`");
    }
}

/// Returns where a connector's server is: its URL, or the command that starts it.
fn address(connector: &ConnectorStatus) -> String {
    match (&connector.url, &connector.command) {
        (Some(url), _) => masked(url),
        (None, command) => command.clone().unwrap_or_default(),
    }
}

/// Returns a URL without the password that it may hold.
pub(super) fn masked(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some("***")) {
            Ok(()) => url.to_string(),
            Err(()) => "(a URL with a password)".to_owned(),
        },
        _ => text.to_owned(),
    }
}
