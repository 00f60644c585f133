//! Who ends a server when its client was killed and can do nothing any more.

use std::ffi::OsString;
use std::io;

/// The word by which a supervisor says that it watches.
#[cfg(unix)]
pub(crate) const READY: &str = "ready\n";

/// Says who watches over a server, so that it ends when its client is killed.
///
/// On Windows the operating system does, with a job object, whatever is said here. On Unix it is a program that is
/// started with each server and has to:
///
/// 1. survive `SIGTERM`, `SIGINT` and `SIGHUP`;
/// 2. write `ready` and a newline to standard output;
/// 3. read standard input to its end, which comes when the client is gone, however it went;
/// 4. kill its own process group with `SIGKILL`.
///
/// The program is the leader of a process group of its own, and the server joins that group as it starts. There is thus
/// no moment at which the server runs and nobody watches. [`supervise`] does all four, so that a program can be its own
/// supervisor behind an argument that it tells nobody of.
///
/// A process that leaves the group on purpose, as daemons do, is out of reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Supervisor {
    /// Nobody. A server that is well-behaved ends when its input does; one that is not stays behind when the client is
    /// killed by force. Closing and dropping the transport end every server.
    #[default]
    Nobody,
    /// This program, given by its full path, with these arguments.
    Program {
        /// The program, such as the one that runs (`std::env::current_exe`).
        program: OsString,
        /// What makes it a supervisor.
        args: Vec<OsString>,
    },
}

impl Supervisor {
    /// Names the program and the arguments that make it a supervisor.
    pub fn program<A: Into<OsString>>(
        program: impl Into<OsString>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self::Program { program: program.into(), args: args.into_iter().map(Into::into).collect() }
    }
}

/// Does what [`Supervisor`] says that a supervisor does, with the streams of this process. It does not return in good
/// order: at the end it kills its own process group, itself included.
///
/// # Errors
/// Says that this process is not the leader of a group, so that whoever starts it by hand kills nothing, or that a
/// stream or signal failed.
#[cfg(unix)]
pub async fn supervise() -> io::Result<()> {
    use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
    use tokio::io::AsyncWriteExt as _;
    use tokio::signal::unix::{SignalKind, signal};

    if getpgrp() != getpid() {
        return Err(io::Error::other(
            "a supervisor is started by its client, as the leader of a process group",
        ));
    }
    // A signal that somebody listens to does not end the process; nobody needs to hear it.
    let _terminate = signal(SignalKind::terminate())?;
    let _interrupt = signal(SignalKind::interrupt())?;
    let _hangup = signal(SignalKind::hangup())?;
    let mut output = tokio::io::stdout();
    output.write_all(READY.as_bytes()).await?;
    output.flush().await?;
    // An input that fails has ended too.
    let _end = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
    kill_current_process_group(Signal::KILL)?;
    Ok(())
}

/// Is not needed on Windows: the operating system ends the server.
///
/// # Errors
/// Says so, always.
#[cfg(not(unix))]
pub async fn supervise() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no supervisor is needed here"))
}
