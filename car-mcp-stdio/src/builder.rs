//! How a transport is set up.

use std::sync::Arc;
use std::time::Duration;

use crate::command::Command;
use crate::noise::NoiseLog;
use crate::running::{Patience, Shared};
use crate::stderr::StderrWriter;
use crate::supervise::Supervisor;
use crate::transport::StdioTransport;

/// A server that is closed has this long to end by itself: enough to write down what it holds.
pub const EXIT_WAIT: Duration = Duration::from_secs(2);

/// A server that was asked to end (`SIGTERM`) has this long before it is killed.
pub const TERM_WAIT: Duration = Duration::from_secs(2);

/// A server that says nothing to the probe of its era for this long is taken for one of the legacy era. Shorter than
/// what a session gives the whole step, and long enough for an interpreter to start on a busy machine.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// A line may be this long: a picture or a file fits, and a server that never ends its line does not fill the memory.
pub const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

/// This much of the end of standard error is kept: some hundred lines, which is what people read.
pub const STDERR_BYTES: usize = 64 * 1024;

/// Describes a transport before it is built.
#[derive(Clone, Debug)]
pub struct Builder {
    command: Command,
    supervisor: Supervisor,
    patience: Patience,
    probe_timeout: Duration,
    max_line_bytes: usize,
    stderr_bytes: usize,
}

impl Builder {
    pub(crate) fn new(command: Command) -> Self {
        Self {
            command,
            supervisor: Supervisor::Nobody,
            patience: Patience { exit_wait: EXIT_WAIT, term_wait: TERM_WAIT },
            probe_timeout: PROBE_TIMEOUT,
            max_line_bytes: MAX_LINE_BYTES,
            stderr_bytes: STDERR_BYTES,
        }
    }

    /// Sets who ends the server when this process is killed.
    #[must_use]
    pub fn supervisor(mut self, supervisor: Supervisor) -> Self {
        self.supervisor = supervisor;
        self
    }

    /// Sets how long a closed server has to end by itself; [`EXIT_WAIT`] where nothing is said.
    #[must_use]
    pub const fn exit_wait(mut self, wait: Duration) -> Self {
        self.patience.exit_wait = wait;
        self
    }

    /// Sets how long a server that was asked to end has; [`TERM_WAIT`] where nothing is said.
    #[must_use]
    pub const fn term_wait(mut self, wait: Duration) -> Self {
        self.patience.term_wait = wait;
        self
    }

    /// Sets how long a server may be silent to the probe; [`PROBE_TIMEOUT`] where nothing is said.
    #[must_use]
    pub const fn probe_timeout(mut self, timeout: Duration) -> Self {
        self.probe_timeout = timeout;
        self
    }

    /// Sets how long a line may be; [`MAX_LINE_BYTES`] where nothing is said.
    #[must_use]
    pub const fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.max_line_bytes = bytes;
        self
    }

    /// Sets how much of standard error is kept; [`STDERR_BYTES`] where nothing is said.
    #[must_use]
    pub const fn stderr_bytes(mut self, bytes: usize) -> Self {
        self.stderr_bytes = bytes;
        self
    }

    /// Builds the transport. Nothing is started yet.
    pub fn build(self) -> StdioTransport {
        let shared = Shared {
            stderr: Arc::new(StderrWriter::new(self.stderr_bytes)),
            noise: NoiseLog::default(),
            max_line_bytes: self.max_line_bytes,
            patience: self.patience,
        };
        StdioTransport::new(self.command, self.supervisor, self.probe_timeout, shared)
    }
}
