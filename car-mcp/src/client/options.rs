//! How long a request may take, and what else a caller can say about one.

use std::sync::Arc;
use std::time::Duration;

use car_mcp_proto::Members;
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::mrtr::MAX_ROUNDS;
use car_mcp_proto::page::MAX_PAGES;
use car_mcp_proto::progress::ProgressParams;

use crate::handler::ClientHandler;

/// A call without progress for this long is given up: the figure other clients use, so servers are made for it.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A call is given up after this long whatever progress it tells; longer work belongs in a task.
pub const CALL_CEILING: Duration = Duration::from_secs(60 * 60);

/// The probe, the handshake and each page of a list must be answered within this.
pub const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// A round may hold this many questions: more than any person would answer, and a server must not ask a model a
/// thousand things for one call.
pub const MAX_QUESTIONS: usize = 32;

/// Holds the limits of a session; each has a reason beside its default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// For the probe, the handshake and each page of a list.
    pub discovery_timeout: Duration,
    /// For calls that say nothing else.
    pub call_timeout: Duration,
    /// For calls that say nothing else.
    pub call_ceiling: Duration,
    /// How many pages of a list are read.
    pub max_pages: usize,
    /// How many rounds of questions are answered for one request.
    pub max_rounds: u32,
    /// How many questions one round may hold.
    pub max_questions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            discovery_timeout: DISCOVERY_TIMEOUT,
            call_timeout: CALL_TIMEOUT,
            call_ceiling: CALL_CEILING,
            max_pages: MAX_PAGES,
            max_rounds: MAX_ROUNDS,
            max_questions: MAX_QUESTIONS,
        }
    }
}

/// Is called with every progress notification of one call. Must not block.
pub type OnProgress = Arc<dyn Fn(&ProgressParams) + Send + Sync>;

/// Says what is special about one call.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Give up after this long without progress; the session's limit where this is absent.
    pub timeout: Option<Duration>,
    /// Give up after this long in all; the session's limit where this is absent.
    pub ceiling: Option<Duration>,
    /// Is told of progress.
    pub on_progress: Option<OnProgress>,
    /// The least serious log level to be sent for this call (modern era).
    pub log_level: Option<LoggingLevel>,
    /// Added to the request's metadata, such as a trace context.
    pub meta: Members,
    /// Answers what the server asks for this call, in place of the session's handler. To a modern server it is this
    /// handler's capabilities that the call declares.
    pub handler: Option<Arc<dyn ClientHandler>>,
    /// In whose name the call is made, where one session serves several: a question of a legacy server that names no
    /// call goes to a handler of the calls under way only if all of them are made in one name.
    pub on_behalf_of: Option<Arc<str>>,
}

impl CallOptions {
    /// Returns options that leave everything to the session.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the call may go on without progress.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how long the call may take in all.
    #[must_use]
    pub const fn with_ceiling(mut self, ceiling: Duration) -> Self {
        self.ceiling = Some(ceiling);
        self
    }

    /// Sets who is told of progress.
    #[must_use]
    pub fn with_progress(mut self, on_progress: impl Fn(&ProgressParams) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }

    /// Sets who answers what the server asks for this call.
    #[must_use]
    pub fn with_handler(mut self, handler: Arc<dyn ClientHandler>) -> Self {
        self.handler = Some(handler);
        self
    }

    /// Sets in whose name the call is made.
    #[must_use]
    pub fn on_behalf_of(mut self, name: impl Into<Arc<str>>) -> Self {
        self.on_behalf_of = Some(name.into());
        self
    }

    /// Sets metadata of the request.
    #[must_use]
    pub fn with_meta(mut self, meta: Members) -> Self {
        self.meta = meta;
        self
    }
}

impl std::fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("ceiling", &self.ceiling)
            .field("on_progress", &self.on_progress.is_some())
            .field("log_level", &self.log_level)
            .field("meta", &self.meta)
            .field("on_behalf_of", &self.on_behalf_of)
            .finish_non_exhaustive()
    }
}
