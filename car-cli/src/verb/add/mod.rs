//! `car add`: keeps a server, once it has answered.
//!
//! ```text
//!   NAME URL ───────────┐
//!   NAME -- COMMAND ────┼─▶ NewConnector ──────────────────────────────────────────┐
//!                       │                                                          ▼
//!   REFERENCE [NAME] ───┴─▶ looked up ─▶ shown ─▶ agreed ─▶ inputs ─▶ dialed or started, and kept ─▶ sign-in
//! ```

mod answers;
mod direct;
mod meant;
mod service;
mod shown;

use std::convert::Infallible;

use car_connectors::store::{Connector, Secret, visible};
use car_connectors::{ConnectorManager, ConnectorStatus};

use self::meant::Meant;
use super::login::{self, Login};
use super::status::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::can_ask;

/// Add an MCP server: by its URL, by the command that starts it, or by its name in a registry or a root
///
/// Nothing is kept unless the server answers. A secret is best given with --header-env, --header-stdin, --env-from or
/// --set-from. A command comes last, after --, as in: car add files -- npx -y @modelcontextprotocol/server-filesystem .
///
/// A service is named as `car find` shows it: io.github.owner/server, with @VERSION for exactly one, or agentdns://…
/// What it would contact or start is shown first, and you are asked.
#[derive(clap::Args)]
pub(crate) struct Add {
    /// The connector's name, of your choice; or the service
    #[arg(value_name = "NAME | SERVICE")]
    name: String,
    /// The server's MCP endpoint; or the service, or a name for it
    #[arg(value_name = "URL | SERVICE | NAME", conflicts_with = "command")]
    url: Option<String>,
    /// The command that starts a local server, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
    /// Do not sign in where the server wants that: `car login` can do it later
    #[arg(long)]
    no_login: bool,
    #[command(flatten)]
    direct: direct::Options,
    #[command(flatten)]
    service: service::Options,
}

/// Takes a typed secret over before an error of the command line could repeat it.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// Adds the connector, and shows how it stands.
pub(crate) async fn run(context: &Context, arguments: Add) -> Result<Exit, Failure> {
    let meant = meant::meant(&arguments.name, arguments.url.as_deref(), &arguments.command)?;
    let (name, server) = match meant {
        Meant::Server(name, server) => (name, server),
        Meant::Service { reference, name } => {
            arguments.direct.refuse()?;
            return service::run(context, &arguments.service, arguments.no_login, reference, name).await;
        }
    };
    arguments.service.refuse()?;
    if arguments.direct.project {
        return add_to_project(context, arguments.direct.entry(name, server)?).await;
    }
    let new = arguments.direct.connector(context, name, server)?;
    let manager = context.manager().await?;
    let wait = context.screen.wait(format!("contacting {name}"));
    let added = wait.on(manager.add(new)).await;
    let added = signed_in_or_added(context, &manager, added, name, arguments.no_login).await?;
    Ok(added.map_or(Exit::Done, |status| {
        context.screen.result(&Answer { connector: &status }, || told(&status));
        next(context, &status)
    }))
}

/// Ends what was begun with the server: signs in where it wants that, which shows how the connector stands. Returns the
/// connector where that is still to be shown.
async fn signed_in_or_added(
    context: &Context,
    manager: &ConnectorManager,
    added: Result<ConnectorStatus, car_connectors::Error>,
    name: &str,
    no_login: bool,
) -> Result<Option<ConnectorStatus>, Failure> {
    match added {
        Err(error) if error.is_auth_required() && !no_login && can_ask() => {
            let slug = error.connector().unwrap_or(name).to_owned();
            context.screen.note(format_args!("{slug} was added, and its server wants a sign-in"));
            let signed_in = login::sign_in(context, manager, &Login::to(&slug)).await;
            context.finish(manager).await;
            signed_in.map(|_| None)
        }
        added => {
            context.finish(manager).await;
            Ok(Some(added?))
        }
    }
}

fn told(status: &ConnectorStatus) -> String {
    let count = status.tool_count.map_or_else(|| "its tools".to_owned(), counted);
    format!("added {}: {count}, none enabled yet", status.slug)
}

fn next(context: &Context, status: &ConnectorStatus) -> Exit {
    let slug = &status.slug;
    context.screen.note(format_args!("next: `car tools {slug}`, then `car enable {slug} TOOL…`"));
    Exit::Done
}

/// Writes the connector to the project's file, and shows how it stands.
async fn add_to_project(context: &Context, entry: Connector) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let status = manager.add_to_project(entry).await?;
    context.finish(&manager).await;
    context.screen.result(&Answer { connector: &status }, || {
        format!("added {} to {}", status.slug, visible(status.project_file.as_deref().unwrap_or_default()))
    });
    context
        .screen
        .note(format_args!("next: `car tools {0}`; others are asked to `car trust` it", status.slug));
    Ok(Exit::Done)
}

/// Says how many tools there are.
pub(super) fn counted(count: usize) -> String {
    match count {
        1 => "1 tool".to_owned(),
        count => format!("{count} tools"),
    }
}
