//! One run of a server: four tasks around a process.
//!
//! Long streams need somebody who reads them, and a process somebody who waits for it; a caller comes and goes. The
//! keeper decides when the run is over: the process has ended, closed its output or its input, or is to be closed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use car_mcp::transport::TransportError;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, timeout};

use crate::backoff::Run;
use crate::error::ServerExited;
use crate::lines::Lines;
use crate::noise::NoiseLog;
use crate::process::{Group, Process, Spawned};
use crate::routes::Routes;
use crate::stderr::{StderrLog, StderrWriter};
use crate::streams::{Reader, log, write};

/// How many messages wait for a server that does not read. A call that finds no room waits in its own task.
pub(crate) const WAITING_TO_BE_WRITTEN: usize = 64;

/// How long output is still read after the process and its group are dead. What they wrote is there already; only a
/// process that left the group can keep a stream open.
const DRAINED_WITHIN: Duration = Duration::from_secs(1);

/// How long a killed process may take to be gone. It has no say in it; the operating system has.
const DEAD_WITHIN: Duration = Duration::from_secs(5);

/// How long a server may take to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// After its input was closed.
    pub(crate) exit_wait: Duration,
    /// After it was asked to end.
    pub(crate) term_wait: Duration,
}

/// What lives longer than one run.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) stderr: Arc<StderrWriter>,
    pub(crate) noise: NoiseLog,
    pub(crate) max_line_bytes: usize,
    pub(crate) patience: Patience,
}

/// A server that runs. Dropping it kills the server and all that it has started.
pub(crate) struct Running {
    pub(crate) routes: Arc<Routes>,
    /// Whether the handshake of the legacy era is done.
    pub(crate) initialized: Arc<AtomicBool>,
    outgoing: mpsc::Sender<Bytes>,
    closing: watch::Sender<bool>,
    ended: watch::Receiver<Option<Instant>>,
    started: Instant,
    group: Arc<Group>,
    keeper: AbortHandle,
}

impl Running {
    pub(crate) fn start(spawned: Spawned, shared: &Shared) -> Self {
        let Spawned { process, stdin, stdout, stderr } = spawned;
        let routes = Arc::new(Routes::default());
        let (outgoing, messages) = mpsc::channel(WAITING_TO_BE_WRITTEN);
        let (closing, closed) = watch::channel(false);
        let (over, ended) = watch::channel(None);
        let group = process.group();
        let initialized = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            lines: Lines::new(shared.max_line_bytes),
            routes: Arc::clone(&routes),
            shared: shared.clone(),
            initialized: Arc::clone(&initialized),
            outgoing: outgoing.clone(),
        };
        let keeper = Keeper {
            process,
            reader: run(reader.read(stdout)),
            logger: run(log(stderr, Arc::clone(&shared.stderr))),
            writer: run(write(stdin, messages, closed.clone())),
            closed,
            routes: Arc::clone(&routes),
            said_before: shared.stderr.log().written(),
            stderr: shared.stderr.log(),
            patience: shared.patience,
            over,
        };
        let keeper = run(keeper.keep()).abort_handle();
        let started = Instant::now();
        Self { routes, initialized, outgoing, closing, ended, started, group, keeper }
    }

    /// Puts a message on its way.
    ///
    /// # Cancel safety
    /// The message is sent whole or not at all.
    pub(crate) async fn write(&self, message: Bytes) -> Result<(), TransportError> {
        self.outgoing.send(message).await.map_err(|_| self.closed_error())
    }

    pub(crate) fn closed_error(&self) -> TransportError {
        TransportError::Closed { source: self.routes.ended().map(|exited| exited.into()) }
    }

    /// Says how the run went; nothing while it goes on.
    pub(crate) fn report(&self) -> Option<Run> {
        let ended = (*self.ended.borrow())?;
        let (useful, refused_probe) = self.routes.record();
        Some(Run { started: self.started, ended, useful, refused_probe })
    }

    /// Lets the server end, and sees to it that it does.
    ///
    /// # Cancel safety
    /// The server goes on ending when the future is dropped, as long as the run is held.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        let mut ended = self.ended.clone();
        // An error says that the keeper is gone, and with it everything.
        drop(ended.wait_for(Option::is_some).await.map(|_| ()));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.group.end();
        self.keeper.abort();
    }
}

/// Waits for the end of a run, and brings it about.
struct Keeper {
    process: Process,
    reader: JoinHandle<()>,
    logger: JoinHandle<()>,
    writer: JoinHandle<()>,
    closed: watch::Receiver<bool>,
    routes: Arc<Routes>,
    stderr: StderrLog,
    /// How much of the log is from earlier runs.
    said_before: u64,
    patience: Patience,
    over: watch::Sender<Option<Instant>>,
}

impl Keeper {
    async fn keep(mut self) {
        let status = tokio::select! {
            status = self.process.wait() => Some(status),
            // A server without output cannot answer, and one without input cannot be asked.
            _ = &mut self.reader => None,
            _ = &mut self.writer => None,
            _ = self.closed.wait_for(|closed| *closed) => None,
        };
        let status = match status {
            Some(status) => Some(status),
            None => self.shut_down().await,
        };
        // What the server has started and left behind goes with it.
        self.process.kill();
        // Its last answers may still be in the pipe.
        for task in [&mut self.reader, &mut self.logger] {
            if !task.is_finished() {
                drop(timeout(DRAINED_WITHIN, &mut *task).await);
            }
        }
        let how = match status {
            Some(Ok(status)) => status.to_string(),
            Some(Err(error)) => error.to_string(),
            None => "it could not be waited for".to_owned(),
        };
        let exited = ServerExited { how, last_words: self.stderr.last_words(self.said_before) };
        tracing::debug!(%exited, "a server is gone");
        self.over.send_replace(Some(Instant::now()));
        self.routes.end(exited);
    }

    /// Lets the server end in good order, then asks, then makes it.
    ///
    /// Source: specification 2025-11-25, "Lifecycle", section "Shutdown".
    async fn shut_down(&mut self) -> Option<std::io::Result<std::process::ExitStatus>> {
        // The writer closes the input once it has written what waits; one that is stuck is not waited for.
        if let Ok(status) = timeout(self.patience.exit_wait, self.process.wait()).await {
            return Some(status);
        }
        self.writer.abort();
        self.process.terminate();
        if let Ok(status) = timeout(self.patience.term_wait, self.process.wait()).await {
            return Some(status);
        }
        self.process.kill();
        timeout(DEAD_WITHIN, self.process.wait()).await.ok()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        for task in [&self.reader, &self.logger, &self.writer] {
            task.abort();
        }
        // Whoever still waits learns that nothing more will come.
        self.routes
            .end(ServerExited { how: "its transport was dropped".to_owned(), last_words: String::new() });
    }
}

/// Starts a task that belongs to a process.
#[expect(
    clippy::disallowed_methods,
    reason = "long streams and the end of a process have to be waited for while no call is under way"
)]
fn run(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(task)
}
