//! From what is known of a connector to what is shown of it.

use car_connectors_store::{Connector, StdioCommand};
use serde_json::value::RawValue;

use super::Inner;
use crate::connector::LiveState;
use crate::status::{ConnectorSource, ConnectorState, ConnectorStatus};

/// The manifest member that remembers how many tools were seen last, so that a list need not ask the server.
const TOOL_COUNT: &str = "tool_count";

impl Inner {
    pub(crate) fn status_of(&self, connector: &Connector) -> ConnectorStatus {
        let live = self.known_live(&connector.slug).map(|live| live.state()).unwrap_or_default();
        let state = match live.state() {
            // Known from the manifest: nobody has signed in, or somebody signed out.
            ConnectorState::NotConnected if wants_sign_in(connector) => ConnectorState::NeedsSignIn,
            state => state,
        };
        let server = live.connected.as_ref().map(|connected| connected.session.server());
        let project = connector.project.as_ref();
        let known = self.project();
        // Variables may hold secrets: a project's connector is shown as it is written.
        let written = known.as_written(&connector.slug).filter(|_| project.is_some()).unwrap_or(connector);
        let headers = project.iter().flat_map(|project| project.headers.keys());
        let seen = live.connected.as_ref().map(|connected| connected.catalog.len());
        ConnectorStatus {
            slug: connector.slug.clone(),
            name: connector.name.clone(),
            url: (!written.url.is_empty()).then(|| written.url.clone()),
            command: written.stdio.as_ref().map(command_line),
            source: project.map_or(ConnectorSource::User, |_| ConnectorSource::Project),
            project_file: project.map(|project| project.file.clone()),
            connected: live.connected.is_some(),
            state,
            next_action: known.news_of(&connector.slug).or_else(|| next_action(connector, &live, state)),
            tool_count: seen.or_else(|| remembered_count(connector)),
            enabled_count: connector.enabled_tools.len(),
            changed_count: live.out_of_service.changed.len(),
            shares_prompts: connector.shares_prompts,
            shares_resources: connector.shares_resources,
            last_error: trouble(connector, &live),
            account: connector.oauth.as_ref().and_then(|oauth| oauth.account.clone()),
            secret_headers: connector.secret_headers.iter().chain(headers).cloned().collect(),
            protocol_version: server.as_ref().map(|server| server.version.to_string()),
            server: server.and_then(|server| server.info).map(|info| match info.version.as_str() {
                "" => info.name,
                version => format!("{} {version}", info.name),
            }),
        }
    }
}

/// Remembers how many tools there are, so that a list can say so without asking.
pub(crate) fn remember_count(connector: &mut Connector, count: usize) {
    connector.set_extra(TOOL_COUNT, RawValue::from_string(count.to_string()).ok());
}

/// Writes a command as it is started: words with blanks in quotes.
pub(super) fn command_line(command: &StdioCommand) -> String {
    let words = std::iter::once(&command.command).chain(&command.args);
    let quoted = words.map(|word| match word.is_empty() || word.contains(char::is_whitespace) {
        true => format!("{word:?}"),
        false => word.clone(),
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Says what is wrong, the worst first.
fn trouble(connector: &Connector, live: &LiveState) -> Option<String> {
    let pause =
        live.failure.as_ref().and_then(|_| live.pause(&connector.slug)).map(|error| error.to_string());
    let failure = live.failure.as_ref().map(|failure| failure.text.clone());
    pause.or(failure).or_else(|| live.out_of_service.trouble.clone()).or_else(|| live.shared.trouble.clone())
}

fn wants_sign_in(connector: &Connector) -> bool {
    connector.oauth.as_ref().is_some_and(|oauth| oauth.issuer.is_none())
}

fn remembered_count(connector: &Connector) -> Option<usize> {
    serde_json::from_str(connector.extra(TOOL_COUNT)?.get()).ok()
}

fn next_action(connector: &Connector, live: &LiveState, state: ConnectorState) -> Option<String> {
    let slug = &connector.slug;
    match state {
        ConnectorState::Failed | ConnectorState::NeedsSignIn => {
            let pause = live.pause(slug).and_then(|error| error.hint().map(str::to_owned));
            let hint = live.failure.as_ref().and_then(|failure| failure.hint.clone());
            Some(pause.or(hint).unwrap_or_else(|| match state {
                ConnectorState::NeedsSignIn => format!("sign in with `car login {slug}`"),
                _ => format!("try again with `car refresh {slug}`"),
            }))
        }
        _ if live.out_of_service.trouble.is_some() => Some(format!(
            "its tools are out of service: mend the file, or disable them with `car disable {slug} --all` and enable them \
             again"
        )),
        _ if !live.out_of_service.changed.is_empty() => {
            let count = live.out_of_service.changed.len();
            let tools = if count == 1 {
                "1 tool that changed is".to_owned()
            } else {
                format!("{count} tools that changed are")
            };
            Some(format!(
                "{tools} out of service: look with `car tools {slug} --changed`, then agree with `car approve {slug}`"
            ))
        }
        _ if connector.enabled_tools.is_empty()
            && !connector.shares_prompts
            && !connector.shares_resources =>
        {
            Some(format!("choose tools with `car tools {slug}` and `car enable`"))
        }
        _ => None,
    }
}
