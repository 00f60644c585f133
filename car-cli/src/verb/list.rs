//! `car list`: the connectors, without contacting any.

use car_connectors::store::visible;
use car_connectors::{ConnectorState, ConnectorStatus};
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
        let headings = ["CONNECTOR", "STATE", "SOURCE", "ACCOUNT", "ENABLED", "TOOLS", "URL OR COMMAND"];
        let mut table = screen.table(headings);
        for connector in connectors {
            table.row([
                &connector.slug,
                &connector.state.as_str().replace('_', " "),
                connector.source.as_str(),
                &connector.account.clone().unwrap_or_else(|| "-".to_owned()),
                &connector.enabled_count.to_string(),
                &connector.tool_count.map_or_else(|| "-".to_owned(), |count| count.to_string()),
                &visible(&address(connector)),
            ]);
        }
        table.text()
    });
    if connectors.is_empty() {
        screen.note("no connectors yet; next: `car add NAME URL`");
    }
    for (connector, reason) in connectors.iter().filter_map(|one| Some((one, one.last_error.as_ref()?))) {
        if matches!(connector.state, ConnectorState::Unusable | ConnectorState::Shadowed) {
            screen.note(format_args!("{} is not used: {}", connector.slug, visible(reason)));
        }
    }
    let untrusted = connectors.iter().filter(|one| one.state == ConnectorState::Untrusted).count();
    if untrusted > 0 {
        screen.note(format_args!(
            "not used before you agree to what this project's file would do: {untrusted}; next: `car trust`"
        ));
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
