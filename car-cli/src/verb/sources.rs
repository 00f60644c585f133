//! `car sources`: who is asked for services, in which order, and with which token.

use std::time::Duration;

use car_connectors::agentdns::SourceKind;
use car_connectors::discovery::{NewSource, SourceStatus};
use car_connectors::store::{Secret, visible};
use car_connectors::{ConnectorManager, Error};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use super::call::seconds;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header::secret_line;
use crate::output::Screen;

/// How long reading a registry whole may take where nothing is said: some have tens of thousands of entries.
const SYNC: Duration = Duration::from_secs(120);

/// Show who is asked for services, or change it; nobody is asked
///
/// They count in their order: where two tell of the same name, the first is believed.
#[derive(clap::Args)]
pub(crate) struct Sources {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// List the sources
    List,
    Add(Add),
    /// Remove a source, with its token and what is known of it here
    Remove(Named),
    Login(Login),
    /// Forget the token of a source
    Logout(Named),
    Sync(Sync),
}

/// Add a source: an MCP Registry, an AgentDNS root, or a domain's catalog
#[derive(clap::Args)]
struct Add {
    /// What it is
    kind: Kind,
    /// Its base URL; of a catalog the domain will do
    url: String,
    /// What you call it; the host of its URL where nothing is said
    #[arg(long)]
    name: Option<String>,
    /// Put it before this source; it is the last otherwise
    #[arg(long, value_name = "NAME")]
    before: Option<String>,
    #[command(flatten)]
    token: Token,
}

#[derive(clap::Args)]
struct Named {
    /// The source
    name: String,
}

/// Keep the token that shows a source who asks; it is asked for on a terminal
#[derive(clap::Args)]
struct Login {
    /// The source
    name: String,
    #[command(flatten)]
    token: Token,
}

/// Read the registries whole, so that everything in them can be found
#[derive(clap::Args)]
struct Sync {
    /// Only this source
    name: Option<String>,
    /// How long that may take, in seconds; the next time goes on from there [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
}

#[derive(clap::Args)]
struct Token {
    /// Take the token from this environment variable
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
    /// Take the token from a line of standard input; asked for on a terminal
    #[arg(long, conflicts_with = "token_env")]
    token_stdin: bool,
}

/// What a source is.
#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// An MCP Registry
    Registry,
    /// An AgentDNS root
    Root,
    /// What a domain says of its services itself
    Catalog,
}

/// All sources, as a program gets them.
#[derive(Serialize)]
struct All<'a> {
    sources: &'a [SourceStatus],
}

/// One source, as a program gets it.
#[derive(Serialize)]
struct One<'a> {
    source: &'a SourceStatus,
}

/// What was removed, as a program gets it.
#[derive(Serialize)]
struct Removed<'a> {
    removed: &'a str,
}

impl From<Kind> for SourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Registry => Self::Registry,
            Kind::Root => Self::Root,
            Kind::Catalog => Self::Catalog,
        }
    }
}

impl Token {
    fn read(&self) -> Result<Option<Secret>, Failure> {
        if let Some(variable) = &self.token_env {
            let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
            let missing = || {
                Failure::usage(format!("the variable {variable} for the token is not set"))
                    .hinted("set it, or give the token with --token-stdin")
            };
            return value.map(|value| Some(Secret::new(value.trim_end()))).ok_or_else(missing);
        }
        match self.token_stdin {
            true => secret_line("the token").map(Some),
            false => Ok(None),
        }
    }
}

/// Shows or changes the sources.
pub(crate) async fn run(context: &Context, arguments: Sources) -> Result<Exit, Failure> {
    // A secret is asked for before anything is done.
    let token = match &arguments.what {
        Some(What::Add(add)) => add.token.read()?,
        Some(What::Login(login)) => match login.token.read()? {
            None => Some(secret_line("the token")?),
            given => given,
        },
        _ => None,
    };
    let manager = context.manager().await?;
    let ended = perform(context, &manager, arguments.what.unwrap_or(What::List), token).await;
    context.finish(&manager).await;
    ended.map(|()| Exit::Done).map_err(|error| error.into())
}

async fn perform(
    context: &Context,
    manager: &ConnectorManager,
    what: What,
    token: Option<Secret>,
) -> Result<(), Error> {
    let screen = &context.screen;
    match what {
        What::List => list(screen, &manager.sources().await?),
        What::Add(add) => {
            let mut new = NewSource::new(add.kind.into(), add.url);
            new.name = add.name;
            new.before = add.before;
            new.token = token;
            let added = manager.add_source(new).await?;
            screen.result(&One { source: &added }, || {
                format!("added {}: the {} {}", visible(&added.name), added.kind.as_str(), visible(&added.url))
            });
        }
        What::Remove(Named { name }) => {
            manager.remove_source(&name).await?;
            screen.result(&Removed { removed: &name }, || format!("removed {name}"));
        }
        What::Login(Login { name, .. }) => {
            manager.set_source_token(&name, token).await?;
            changed(screen, manager, &name, "its token is kept, for this address only").await?;
        }
        What::Logout(Named { name }) => {
            manager.set_source_token(&name, None).await?;
            changed(screen, manager, &name, "its token is forgotten").await?;
        }
        What::Sync(Sync { name, timeout }) => {
            let wait = screen.wait("reading");
            let read = wait.on(manager.sync_sources(name.as_deref(), timeout.unwrap_or(SYNC))).await?;
            list(screen, &read);
        }
    }
    Ok(())
}

/// Shows the one source that was changed.
async fn changed(screen: &Screen, manager: &ConnectorManager, name: &str, what: &str) -> Result<(), Error> {
    let all = manager.sources().await?;
    if let Some(source) = all.iter().find(|source| source.name == name) {
        screen.result(&One { source }, || format!("{}: {what}", visible(name)));
    }
    Ok(())
}

fn list(screen: &Screen, sources: &[SourceStatus]) {
    screen.result(&All { sources }, || {
        if sources.is_empty() {
            return String::new();
        }
        let mut table = screen.table(["SOURCE", "KIND", "NAMED BY", "TOKEN", "SERVICES", "URL"]);
        for source in sources {
            table.row([
                &visible(&source.name),
                source.kind.as_str(),
                source.from.as_str(),
                if source.has_token { "yes" } else { "-" },
                &services(source),
                &visible(&source.url),
            ]);
        }
        table.text()
    });
    if sources.is_empty() {
        screen.note("no sources; next: `car sources add registry URL`");
    }
    for (source, reason) in sources.iter().filter_map(|one| Some((one, one.last_error.as_ref()?))) {
        screen.note(format_args!("{} could not be read: {}", visible(&source.name), visible(reason)));
    }
}

/// Says how many services of a source are known here.
fn services(source: &SourceStatus) -> String {
    match source.services {
        None if source.kind == SourceKind::Registry => "not read yet".to_owned(),
        None => "asked each time".to_owned(),
        Some(count) if source.is_complete => count.to_string(),
        Some(count) => format!("{count}, and more"),
    }
}
