//! The seam to a session with an MCP server: what the engine needs of one, and nothing else.

use std::{any::Any, error::Error, fmt, pin::Pin, time::Duration};

use serde_json::value::RawValue;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What hears of progress while a call runs.
pub type ProgressSink<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// A session on which tools are called, many at once.
///
/// A session that was lost may be opened anew inside [`call_tool`](Self::call_tool); the engine does not retry.
pub trait McpSession: Send + Sync {
    /// Calls a tool by the server's own name for it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; the implementation tells the server where the protocol has a way to.
    fn call_tool<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>>;
}

/// Runs tools that no MCP server offers: what a program brings itself.
pub trait ToolExecutor: Send + Sync {
    /// Runs a registered tool that has no route to a server, by its canonical name.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up.
    fn execute<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>>;
}

/// One call as it goes to a session.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct McpCall<'a> {
    /// The tool, by the server's name for it.
    pub tool: &'a str,
    /// The arguments, a JSON object, passed on byte for byte.
    pub arguments: &'a RawValue,
    /// How long the call may take; the session's own limit where none is given.
    pub deadline: Option<Duration>,
    /// The trace that the call belongs to.
    pub trace: Option<&'a str>,
    /// What hears of progress.
    pub progress: Option<ProgressSink<'a>>,
    /// What whoever asked for the call has to say to this session: see [`ToolRequest::context`](crate::ToolRequest).
    pub context: Option<&'a (dyn Any + Send + Sync)>,
}

impl<'a> McpCall<'a> {
    /// Describes a call without deadline, trace or progress.
    #[must_use]
    pub fn new(tool: &'a str, arguments: &'a RawValue) -> Self {
        Self { tool, arguments, deadline: None, trace: None, progress: None, context: None }
    }
}

impl fmt::Debug for McpCall<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may hold secrets.
        formatter.debug_struct("McpCall").field("tool", &self.tool).finish_non_exhaustive()
    }
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// How much is done, in the server's own unit.
    pub progress: f64,
    /// How much there is to do, if the server knows.
    pub total: Option<f64>,
    /// What the server says about it.
    pub message: Option<String>,
}

impl Progress {
    /// Describes progress.
    #[must_use]
    pub fn new(progress: f64, total: Option<f64>, message: Option<String>) -> Self {
        Self { progress, total, message }
    }
}

/// What a tool answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct McpToolResult {
    /// The whole result as the server sent it, byte for byte.
    pub raw: Box<RawValue>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// The structured part of the result, if there is one.
    pub structured_content: Option<Box<RawValue>>,
}

impl McpToolResult {
    /// Describes a result.
    #[must_use]
    pub fn new(raw: Box<RawValue>, is_error: bool, structured_content: Option<Box<RawValue>>) -> Self {
        Self { raw, is_error, structured_content }
    }
}

/// Why a call brought no result.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct McpCallError {
    /// What kind of failure it is.
    pub kind: McpCallErrorKind,
    /// What happened, in words.
    pub message: String,
    /// What is behind it.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl McpCallError {
    /// Describes a failure with nothing behind it.
    #[must_use]
    pub fn new(kind: McpCallErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// Adds what is behind the failure.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// Kinds of failures of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum McpCallErrorKind {
    /// The server wants the user to sign in.
    Auth,
    /// The server refuses although the user is signed in.
    Denied,
    /// No answer came in time.
    Timeout,
    /// The server cannot be reached.
    Unreachable,
    /// The server answered with something that is not the protocol, or with a protocol error.
    Protocol,
    /// The call was given up.
    Cancelled,
    /// Anything else.
    Other,
}

impl McpCallErrorKind {
    /// Returns the word that stands in the event log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Denied => "denied_by_server",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Protocol => "protocol",
            Self::Cancelled => "cancelled",
            Self::Other => "other",
        }
    }
}
