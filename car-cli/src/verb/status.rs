//! `car status [SLUG]`: how connectors stand, why, and what to do next.

use car_connectors::ConnectorStatus;
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

/// Shows one connector, or all.
pub(crate) async fn run(context: &Context, arguments: Status) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    match arguments.slug {
        Some(slug) => {
            let known = context.connector(&manager, &slug).await?;
            let status = manager.status(&known.slug).await?;
            context.screen.result(&Answer { connector: &status }, || text(&status));
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
    let url = status.url.as_deref().map(list::masked);
    let headers = status.secret_headers.join(", ");
    let facts = [
        ("connector", Some(status.slug.as_str())),
        ("name", Some(&status.name)),
        ("url", url.as_deref()),
        ("state", Some(status.state.as_str())),
        ("account", status.account.as_deref()),
        ("server", status.server.as_deref()),
        ("protocol", status.protocol_version.as_deref()),
        ("tools", Some(&count)),
        ("headers", Some(headers.as_str()).filter(|names| !names.is_empty())),
        ("last error", status.last_error.as_deref()),
        ("next", status.next_action.as_deref()),
    ];
    let lines = facts.iter().filter_map(|(name, value)| value.map(|value| format!("{name:<11}{value}")));
    lines.collect::<Vec<_>>().join("\n")
}
