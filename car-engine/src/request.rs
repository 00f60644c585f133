//! A call as it is asked for, and who may be asked about it.

use std::{fmt, time::Duration};

use serde_json::value::RawValue;

use crate::{BoxFuture, ProgressSink, RuleRef};

/// Asks a person whether a call may be made.
pub trait Approver: Send + Sync {
    /// Asks, and returns whether the person agreed. `rule` says why it is asked.
    fn approve<'a>(&'a self, request: &'a ToolRequest<'a>, rule: &'a RuleRef) -> BoxFuture<'a, bool>;
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
}

impl<'a> ToolRequest<'a> {
    /// Asks for a call; the other fields can be set.
    #[must_use]
    pub fn new(tool: &'a str, arguments: &'a RawValue, caller: &'a str) -> Self {
        Self { tool, arguments, caller, target: None, deadline: None, trace: None, progress: None }
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
