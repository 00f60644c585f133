//! `car serve`: the daemon of the state folder.

use std::pin::pin;
use std::time::Duration;

use car_server::{Daemon, DaemonOptions, Error};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::logging::{LogFormat, LogLevel};

/// Let front ends and MCP clients use the connectors, until it is stopped
///
/// There is one for a state folder. Its address and its token are in run/daemon.json there, which only you can read; `car ui`
/// opens its page, `car token add` makes tokens for MCP clients.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Listen here; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
    /// The URL, without a path, by which others reach it through a proxy
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Let requests in that are for this host too; can be repeated
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_host: Vec<String>,
    /// How long a call waits for a person where the policy says `ask`, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
    /// How the log on standard error is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// How much the log tells
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub(crate) log_level: LogLevel,
}

/// Where it listens, as a program gets it.
#[derive(Serialize)]
struct Answer {
    url: String,
    mcp_url: String,
}

impl Serve {
    fn options(&self) -> DaemonOptions {
        let mut options = DaemonOptions::new();
        options.listen.clone_from(&self.listen);
        options.public_url.clone_from(&self.public_url);
        options.allowed_hosts.clone_from(&self.allow_host);
        options.patience = Duration::from_secs(self.patience);
        options
    }
}

/// Serves until it is told to stop.
pub(crate) async fn run(context: &Context, arguments: &Serve) -> Result<Exit, Failure> {
    // Before anything is said: from here on a signal means a good end.
    let (mut signals, mut reloads) = (Signals::new()?, Reloads::new()?);
    let daemon = Daemon::start(&context.home, context.manager_options()?, arguments.options());
    let daemon = daemon.await.map_err(failure)?;
    let answer = Answer { url: daemon.url().to_owned(), mcp_url: daemon.mcp_url() };
    context.screen.result(&answer, || format!("listening on {}", answer.url));
    context
        .screen
        .note("`car ui` opens the page, `car token add` makes a token for an MCP client; Ctrl-C stops it");
    let reload = daemon.reloader();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let mut stop = Some(stop);
    let mut served = pin!(daemon.serve_until(async { drop(stopped.await) }));
    loop {
        tokio::select! {
            outcome = &mut served => return outcome.map(|()| Exit::Done).map_err(failure),
            () = reloads.next() => reload.reload(),
            () = signals.stop() => match stop.take() {
                Some(stop) => drop(stop.send(())),
                None => {
                    context.screen.note("told twice to stop: what was under way is cut");
                    return Ok(Exit::Failed);
                }
            },
        }
    }
}

/// What the system and the person tell the program.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen =
            |kind| signal(kind).map_err(|error| Failure::io("signals cannot be listened to", &error));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for Ctrl-C, or for whoever manages services to end this one.
    async fn stop(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        drop(tokio::signal::ctrl_c().await);
    }
}

/// Signals to look at the state folder, as daemons are told to reload.
struct Reloads {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Reloads {
    #[cfg(unix)]
    fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = signal(SignalKind::hangup())
            .map_err(|error| Failure::io("signals cannot be listened to", &error))?;
        Ok(Self { hangup })
    }

    #[cfg(not(unix))]
    fn new() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for one; for ever where there are none.
    async fn next(&mut self) {
        #[cfg(unix)]
        self.hangup.recv().await;
        #[cfg(not(unix))]
        std::future::pending::<()>().await;
    }
}

fn failure(error: Error) -> Failure {
    let (kind, hint) = match &error {
        Error::State { .. } | Error::Connectors { .. } => ("storage", error.hint()),
        Error::Setting { .. } | Error::Exposed { .. } => ("invalid_input", error.hint()),
        _ => ("unreachable", error.hint()),
    };
    let mut failure = Failure::new(kind, error.to_string()).hinted(hint);
    failure.causes = crate::failure::causes(&error);
    failure
}
