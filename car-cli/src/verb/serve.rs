//! `car serve`: the daemon of the state folder.

use std::future::Future;

use car_server::{Daemon, Error};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Let the front ends of this machine drive the connectors, over WebSocket, until it is stopped
///
/// There is one for a state folder. Its address and its token are in run/daemon.json there, which only you can read.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Listen here; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    listen: String,
}

/// Where it listens, as a program gets it.
#[derive(Serialize)]
struct Answer {
    url: String,
}

/// Serves until it is told to stop.
pub(crate) async fn run(context: &Context, arguments: &Serve) -> Result<Exit, Failure> {
    // Before anything is said: from here on a signal means a good end.
    let stop = stopped()?;
    let manager = context.manager().await?;
    let daemon = Daemon::bind(&context.home, manager.clone(), &arguments.listen).await.map_err(failure)?;
    let answer = Answer { url: daemon.url() };
    context.screen.result(&answer, || format!("listening on {}", answer.url));
    context
        .screen
        .note("front ends find address and token in run/daemon.json of the state folder; Ctrl-C stops it");
    daemon.serve_until(stop).await.map_err(failure)?;
    context.finish(&manager).await;
    Ok(Exit::Done)
}

/// Waits for Ctrl-C, or for whoever manages services to end this one.
fn stopped() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())
            .map_err(|error| Failure::io("signals cannot be listened to", &error))?
    };
    Ok(async move {
        let interrupted = tokio::signal::ctrl_c();
        #[cfg(unix)]
        tokio::select! {
            _ = interrupted => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        drop(interrupted.await);
    })
}

fn failure(error: Error) -> Failure {
    let (kind, hint) = match &error {
        Error::State { .. } => ("storage", error.hint()),
        _ => ("unreachable", error.hint()),
    };
    let mut failure = Failure::new(kind, error.to_string()).hinted(hint);
    failure.causes = crate::failure::causes(&error);
    failure
}
