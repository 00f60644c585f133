//! `car status [SLUG]`: how connectors stand, why, and what to do next.

use car_connectors::ConnectorStatus;
use car_connectors::oauth::driver::Account;
use car_connectors::store::visible;
use serde::Serialize;

use super::list;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show how a connector stands, or all of them; no server is contacted
#[derive(clap::Args)]
pub(crate) struct Status {
    /// The connector
    #[arg(value_name = "SLUG")]
    slug: Option<String>,
}

/// One connector, as a program gets it.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    pub(super) connector: &'a ConnectorStatus,
}

/// One connector with its sign-in, as a program gets it.
#[derive(Serialize)]
struct Detailed<'a> {
    connector: &'a ConnectorStatus,
    sign_in: Option<&'a SignIn>,
}

/// How a sign-in stands. Nothing of it is secret.
#[derive(Serialize)]
struct SignIn {
    issuer: Option<String>,
    client_id: Option<String>,
    scopes: Option<String>,
    /// What the server asked for when nobody was there to grant it.
    wanted: Option<String>,
    last_failure: Option<String>,
}

impl SignIn {
    fn of(account: &Account) -> Self {
        Self {
            issuer: account.issuer.clone(),
            client_id: account.client_id.clone(),
            scopes: account.scopes.as_ref().map(ToString::to_string),
            wanted: account.wanted.as_ref().map(ToString::to_string),
            last_failure: account.last_failure.clone(),
        }
    }

    fn text(&self) -> String {
        let facts = [
            ("issuer", &self.issuer),
            ("client", &self.client_id),
            ("scopes", &self.scopes),
            ("wanted", &self.wanted),
            ("renewal", &self.last_failure),
        ];
        let lines = facts.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
        lines.map(|(name, value)| format!("\n{name:<11}{value}")).collect()
    }
}

/// Shows one connector, or all.
pub(crate) async fn run(context: &Context, arguments: Status) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    match arguments.slug {
        Some(slug) => {
            let known = context.connector(&manager, &slug).await?;
            let status = manager.status(&known.slug).await?;
            let sign_in = match context.has_signed_in(&known.slug)? {
                true => Some(SignIn::of(&manager.account(&known.slug).await?)),
                false => None,
            };
            let answer = Detailed { connector: &status, sign_in: sign_in.as_ref() };
            context.screen.result(&answer, || {
                let mut text = text(&status);
                if let Some(sign_in) = &sign_in {
                    text.push_str(&sign_in.text());
                }
                text
            });
        }
        None => list::show(&context.screen, &manager.list().await?),
    }
    context.finish(&manager).await;
    Ok(Exit::Done)
}

/// Describes a connector, one fact a line.
pub(super) fn text(status: &ConnectorStatus) -> String {
    let count = match status.tool_count {
        Some(count) => format!("{} of {count} enabled", status.enabled_count),
        None => format!("{} enabled", status.enabled_count),
    };
    let url = status.url.as_deref().map(|url| visible(&list::masked(url)).into_owned());
    let (name, file) = (visible(&status.name), status.project_file.as_deref().map(visible));
    let headers = status.secret_headers.join(", ");
    let changed = format!(
        "{} out of service: not what you agreed to; `car tools {} --changed` shows the difference",
        status.changed_count, status.slug
    );
    let shared = match (status.shares_prompts, status.shares_resources) {
        (true, true) => Some("prompts and resources"),
        (true, false) => Some("prompts"),
        (false, true) => Some("resources"),
        (false, false) => None,
    };
    let facts = [
        ("connector", Some(status.slug.as_str())),
        ("name", Some(&*name)),
        ("url", url.as_deref()),
        ("command", status.command.as_deref()),
        ("state", Some(status.state.as_str())),
        ("source", Some(status.source.as_str())),
        ("file", file.as_deref()),
        ("account", status.account.as_deref()),
        ("server", status.server.as_deref()),
        ("protocol", status.protocol_version.as_deref()),
        ("tools", Some(&count)),
        ("changed", Some(changed.as_str()).filter(|_| status.changed_count > 0)),
        ("shared", shared),
        ("headers", Some(headers.as_str()).filter(|names| !names.is_empty())),
        ("last error", status.last_error.as_deref()),
        ("next", status.next_action.as_deref()),
    ];
    let lines = facts.iter().filter_map(|(name, value)| value.map(|value| format!("{name:<11}{value}")));
    lines.collect::<Vec<_>>().join("\n")
}
