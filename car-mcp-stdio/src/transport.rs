//! The transport: starts the server when it is needed, and carries messages to whatever run there is.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use car_mcp::transport::{BoxFuture, BoxMessages, Message, MessageKind, Reply, Transport, TransportError};
use car_mcp_proto::ProtocolVersion;

use crate::answering::Answering;
use crate::backoff::Backoff;
use crate::builder::Builder;
use crate::command::Command;
use crate::legacy;
use crate::noise::NoiseLog;
use crate::process;
use crate::routes::Waits;
use crate::running::{Running, Shared};
use crate::stderr::StderrLog;
use crate::supervise::Supervisor;

/// The method by which a session asks for a server's era.
const PROBE: &str = "server/discover";

/// Speaks with a server that is a child process.
///
/// Dropping it kills the server and everything in its process group; [`Transport::close`] lets the server end in good
/// order. Neither waits for calls that are under way. Once closed, a transport stays closed.
pub struct StdioTransport {
    command: Command,
    supervisor: Supervisor,
    probe_timeout: Duration,
    shared: Shared,
    slot: Mutex<Slot>,
    /// Held while the server is started, which one caller does for all.
    starting: tokio::sync::Mutex<Backoff>,
    /// Set when a new handshake begins, and taken by its first message.
    handshake: AtomicBool,
}

/// The run that there is.
enum Slot {
    None,
    Run(Arc<Running>),
    Closed,
}

impl StdioTransport {
    /// Begins to describe a transport to the server that this command starts.
    pub fn builder(command: Command) -> Builder {
        Builder::new(command)
    }

    pub(crate) fn new(
        command: Command,
        supervisor: Supervisor,
        probe_timeout: Duration,
        shared: Shared,
    ) -> Self {
        Self {
            command,
            supervisor,
            probe_timeout,
            shared,
            slot: Mutex::new(Slot::None),
            starting: tokio::sync::Mutex::default(),
            handshake: AtomicBool::new(true),
        }
    }

    /// Starts the server now instead of with the first message. Does nothing if it runs.
    ///
    /// # Errors
    /// Says why it cannot be started; the source is a [`StartError`](crate::StartError).
    ///
    /// # Cancel safety
    /// Dropping the future ends what has been started.
    pub async fn start(&self) -> Result<(), TransportError> {
        self.run().await.map(drop)
    }

    /// Returns what the server writes to standard error.
    pub fn stderr(&self) -> StderrLog {
        self.shared.stderr.log()
    }

    /// Returns the count of what the server writes to standard output that is no message.
    pub fn noise(&self) -> NoiseLog {
        self.shared.noise.clone()
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().expect("nothing panics while it holds the run")
    }

    /// Returns the run that goes on; nothing if there is none.
    fn current(&self) -> Result<Option<Arc<Running>>, TransportError> {
        match &*self.slot() {
            Slot::Run(running) if running.routes.ended().is_none() => Ok(Some(Arc::clone(running))),
            Slot::None | Slot::Run(_) => Ok(None),
            Slot::Closed => Err(TransportError::Closed { source: None }),
        }
    }

    /// Returns the run that goes on, or starts one.
    async fn run(&self) -> Result<Arc<Running>, TransportError> {
        if let Some(running) = self.current()? {
            return Ok(running);
        }
        let mut backoff = self.starting.lock().await;
        if let Some(running) = self.current()? {
            return Ok(running);
        }
        let report = match &mut *self.slot() {
            Slot::Run(running) => running.report(),
            Slot::None | Slot::Closed => None,
        };
        if let Some(report) = report {
            // Taken out before the wait: a caller that gives up and comes back must not count the same end again.
            let may_start = backoff.handle_end(report);
            self.clear();
            tokio::time::sleep_until(may_start).await;
        }
        let spawned = process::spawn(&self.command, &self.supervisor).await?;
        tracing::debug!(command = %self.command, "started a server");
        let running = Arc::new(Running::start(spawned, &self.shared));
        match &mut *self.slot() {
            // Closed while it was being started; dropping the run ends it.
            Slot::Closed => return Err(TransportError::Closed { source: None }),
            slot => *slot = Slot::Run(Arc::clone(&running)),
        }
        Ok(running)
    }

    fn clear(&self) {
        let mut slot = self.slot();
        if !matches!(*slot, Slot::Closed) {
            *slot = Slot::None;
        }
    }

    async fn send_message(&self, message: Message<'_>) -> Result<Reply, TransportError> {
        let MessageKind::Request { id, method, .. } = message.kind else {
            let running = self.current()?.ok_or(TransportError::Closed { source: None })?;
            running.write(message.body.clone()).await?;
            if legacy::is_initialized(&message) {
                running.initialized.store(true, Ordering::Release);
            }
            return Ok(Reply::Accepted);
        };
        if legacy::is_initialize(&message) {
            return self.send_initialize(&message).await;
        }
        if method == PROBE && self.handshake.swap(false, Ordering::AcqRel) {
            let running = self.run().await?;
            let answering = expect(&running, id, Waits::Probe, &message).await?;
            return Ok(Reply::Stream(Box::new(answering.give_up_after(self.probe_timeout))));
        }
        // Without a server, or with one that knows nothing yet, the session has to find out anew whom it speaks with.
        let running = self.current()?.ok_or(TransportError::SessionExpired)?;
        if legacy::needs_handshake(&message) && !running.initialized.load(Ordering::Acquire) {
            return Err(TransportError::SessionExpired);
        }
        let waits = if method == "subscriptions/listen" { Waits::Listen } else { Waits::Call };
        Ok(Reply::Stream(Box::new(expect(&running, id, waits, &message).await?)))
    }

    /// Some servers end when they are asked for their era first, at once or a moment after they refused. Nothing has
    /// run then, so `initialize` is sent to a new one.
    async fn send_initialize(&self, message: &Message<'_>) -> Result<Reply, TransportError> {
        let MessageKind::Request { id, .. } = message.kind else {
            return Err(TransportError::Unexpected {
                expected: "a request",
                found: "another message".to_owned(),
            });
        };
        self.handshake.store(false, Ordering::Release);
        let running = self.run().await?;
        let probed = running.routes.probed();
        let first = async {
            let mut answering = expect(&running, id, Waits::Handshake, message).await?;
            answering.peek().await?;
            Ok(answering)
        };
        match first.await {
            Err(TransportError::Closed { .. }) if probed => {
                let running = self.run().await?;
                Ok(Reply::Stream(Box::new(expect(&running, id, Waits::Handshake, message).await?)))
            }
            outcome => outcome.map(|answering| Reply::Stream(Box::new(answering) as BoxMessages)),
        }
    }
}

/// Sends a request and returns where its answer will come.
async fn expect(
    running: &Running,
    id: &car_mcp_proto::RequestId,
    waits: Waits,
    message: &Message<'_>,
) -> Result<Answering, TransportError> {
    let answering = match running.routes.expect_answer(id, waits) {
        Ok(answering) => answering,
        // It has ended since it was looked at; nothing was sent.
        Err(_) if waits == Waits::Probe => return Err(TransportError::SessionExpired),
        Err(exited) => return Err(TransportError::Closed { source: Some(Box::new(exited)) }),
    };
    running.write(message.body.clone()).await?;
    Ok(answering)
}

impl Transport for StdioTransport {
    fn send<'a>(&'a self, message: Message<'a>) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(self.send_message(message))
    }

    fn open_stream(
        &self,
        _version: ProtocolVersion,
    ) -> BoxFuture<'_, Result<Option<BoxMessages>, TransportError>> {
        Box::pin(async {
            let running = self.current()?.ok_or(TransportError::SessionExpired)?;
            Ok(Some(running.routes.events()))
        })
    }

    fn reset(&self) {
        self.handshake.store(true, Ordering::Release);
        if let Slot::Run(running) = &*self.slot() {
            running.initialized.store(false, Ordering::Release);
        }
    }

    /// Closes the server's input and waits for its end: as long as [`EXIT_WAIT`](crate::EXIT_WAIT), after which it is
    /// asked to end, and [`TERM_WAIT`](crate::TERM_WAIT), after which it is killed. What it has started ends with it.
    ///
    /// # Cancel safety
    /// Dropping the future kills the server at once.
    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let slot = std::mem::replace(&mut *self.slot(), Slot::Closed);
            if let Slot::Run(running) = slot {
                running.close().await;
            }
        })
    }

    fn closing_cancels(&self) -> bool {
        false
    }

    fn tells_calls_apart(&self) -> bool {
        false
    }

    fn has_headers(&self) -> bool {
        false
    }

    fn peer(&self) -> String {
        self.command.to_string()
    }
}

impl fmt::Debug for StdioTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StdioTransport").field("command", &self.command).finish_non_exhaustive()
    }
}
