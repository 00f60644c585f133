//! A call as it is asked for, and who may be asked about it.

use std::{any::Any, fmt, time::Duration};

use serde_json::value::RawValue;

use crate::{BoxFuture, ProgressSink, RuleRef};

/// Asks a person whether a call may be made.
pub trait Approver: Send + Sync {
    /// Asks, and waits for the answer.
    ///
    /// # Cancel safety
    /// Dropped with the call that waits for it: the question is taken back then.
    fn approve<'a>(&'a self, question: ApprovalQuestion<'a>) -> BoxFuture<'a, Approval>;
}

/// A call that a person is asked about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ApprovalQuestion<'a> {
    /// The call, with the exact arguments.
    pub request: &'a ToolRequest<'a>,
    /// The connector's slug.
    pub connector: &'a str,
    /// The server's own name for the tool; where it is not a tool's call, the method and its subject, as in
    /// `prompts/get review`, which no tool can be called.
    pub tool: &'a str,
    /// The method of the protocol, where it is not a tool's call.
    pub method: Option<&'a str>,
    /// Why it is asked.
    pub rule: &'a RuleRef,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Approval {
    /// The call may be made. The note says who said so and for how long, for the event log.
    Granted {
        /// Who said so, and for how long.
        note: String,
    },
    /// The call must not be made.
    Refused {
        /// Who said so, or why nobody did.
        note: String,
    },
}

/// A call as it is asked for.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ToolRequest<'a> {
    /// The tool's canonical name.
    pub tool: &'a str,
    /// The arguments, a JSON object.
    pub arguments: &'a RawValue,
    /// Who asks, as it will stand in the log.
    pub caller: &'a str,
    /// The connector and the server's name for the tool, where the caller knows them though the tool is not enabled.
    pub target: Option<(&'a str, &'a str)>,
    /// How long the call may take.
    pub deadline: Option<Duration>,
    /// The trace that the call belongs to.
    pub trace: Option<&'a str>,
    /// What hears of progress.
    pub progress: Option<ProgressSink<'a>>,
    /// What whoever asks has to say to the session that runs the call. The engine hands it on and never looks at it.
    pub context: Option<&'a (dyn Any + Send + Sync)>,
}

impl<'a> ToolRequest<'a> {
    /// Asks for a call; the other fields can be set.
    #[must_use]
    pub fn new(tool: &'a str, arguments: &'a RawValue, caller: &'a str) -> Self {
        Self {
            tool,
            arguments,
            caller,
            target: None,
            deadline: None,
            trace: None,
            progress: None,
            context: None,
        }
    }

    /// Says what the call is about, for the policy and the log, even if the tool is not enabled.
    #[must_use]
    pub fn with_target(mut self, connector: &'a str, tool: &'a str) -> Self {
        self.target = Some((connector, tool));
        self
    }

    /// Limits how long the call may take.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Names the trace that the call belongs to.
    #[must_use]
    pub fn with_trace(mut self, trace: &'a str) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Says what hears of progress.
    #[must_use]
    pub fn with_progress(mut self, progress: ProgressSink<'a>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Sets what the session that runs the call is told.
    #[must_use]
    pub fn with_context(mut self, context: &'a (dyn Any + Send + Sync)) -> Self {
        self.context = Some(context);
        self
    }
}

impl fmt::Debug for ToolRequest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may hold secrets.
        formatter
            .debug_struct("ToolRequest")
            .field("tool", &self.tool)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

/// Something other than a tool that a connector is asked for: a prompt, a resource, a completion.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct AccessRequest<'a> {
    /// The connector's slug.
    pub connector: &'a str,
    /// The method of the protocol: `prompts/get`, `resources/read` or `completion/complete`.
    pub method: &'a str,
    /// The prompt's name, the resource's URI, or what is completed.
    pub subject: &'a str,
    /// Who asks, as it will stand in the log.
    pub caller: &'a str,
    /// What is sent with it, for whoever is asked and for the log.
    pub arguments: Option<&'a RawValue>,
    /// The trace that it belongs to.
    pub trace: Option<&'a str>,
}

impl<'a> AccessRequest<'a> {
    /// Asks for access.
    #[must_use]
    pub const fn new(connector: &'a str, method: &'a str, subject: &'a str, caller: &'a str) -> Self {
        Self { connector, method, subject, caller, arguments: None, trace: None }
    }

    /// Says what is sent with it.
    #[must_use]
    pub const fn with_arguments(mut self, arguments: &'a RawValue) -> Self {
        self.arguments = Some(arguments);
        self
    }

    /// Names the trace that it belongs to.
    #[must_use]
    pub const fn with_trace(mut self, trace: &'a str) -> Self {
        self.trace = Some(trace);
        self
    }
}

impl fmt::Debug for AccessRequest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may hold secrets, and so may a URI.
        formatter
            .debug_struct("AccessRequest")
            .field("connector", &self.connector)
            .field("method", &self.method)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}
