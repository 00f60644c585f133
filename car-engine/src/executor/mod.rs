//! The governed path of a call.

mod access;
mod authorize;
mod record;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use serde_json::Value;

use self::{
    authorize::Held,
    record::{Decision, Subject},
};
use crate::{
    Approver, Clock, EngineError, EventLog, McpCall, McpCallError, McpCallErrorKind, McpSession,
    McpToolResult, PolicyFile, PolicyRequest, RegisteredTool, ToolExecutor, ToolRegistry, ToolRequest,
    Verdict, rate::RateLimiter,
};

/// Takes every call through route, validator, policy, rate limit, session, output check and event log.
///
/// A call runs in its caller's task. No lock is held while it waits, so any number of calls are under way at once.
pub struct McpToolExecutor {
    registry: Arc<ToolRegistry>,
    policy: PolicyFile,
    log: Arc<EventLog>,
    clock: Arc<dyn Clock>,
    sessions: RwLock<HashMap<String, Arc<dyn McpSession>>>,
    fallback: Option<Arc<dyn ToolExecutor>>,
    approver: Option<Arc<dyn Approver>>,
    rates: RateLimiter,
}

impl McpToolExecutor {
    /// Makes an executor without sessions.
    #[must_use]
    pub fn new(
        registry: Arc<ToolRegistry>,
        policy: PolicyFile,
        log: Arc<EventLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (sessions, rates) = (RwLock::default(), RateLimiter::default());
        Self { registry, policy, log, clock, sessions, fallback: None, approver: None, rates }
    }

    /// Adds what runs tools that have no route to a server.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Arc<dyn ToolExecutor>) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Adds whoever is asked where the policy says `ask`. Without one, `ask` is a denial.
    #[must_use]
    pub fn with_approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = Some(approver);
        self
    }

    /// Returns the tools that can be called.
    #[must_use]
    pub fn registry(&self) -> &Arc<ToolRegistry> {
        &self.registry
    }

    /// Returns the policy.
    #[must_use]
    pub fn policy(&self) -> &PolicyFile {
        &self.policy
    }

    /// Returns the event log.
    #[must_use]
    pub fn log(&self) -> &Arc<EventLog> {
        &self.log
    }

    /// Sets the session of a connector; calls under way keep the one they have.
    pub fn set_session(&self, connector: impl Into<String>, session: Arc<dyn McpSession>) {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner).insert(connector.into(), session);
    }

    /// Removes the session of a connector, and returns it.
    pub fn remove_session(&self, connector: &str) -> Option<Arc<dyn McpSession>> {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner).remove(connector)
    }

    /// Calls a tool.
    ///
    /// A tool that says itself that it failed is a result, with `is_error` set. Where the policy asks a person, the call
    /// waits for the answer; then the policy is asked once more, because it may have changed while the person thought.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; [`is_before_call`](EngineError::is_before_call) tells whether anything can have left. A
    /// decision that cannot be recorded is an error, and nothing leaves. When only the end of a call cannot be
    /// recorded its result is returned all the same: it would be lost otherwise, and the next call is refused.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up, also while it waits for a person; the log records it as cancelled.
    pub async fn call(&self, request: ToolRequest<'_>) -> Result<McpToolResult, EngineError> {
        // A name may have passed to another tool since the caller looked it up: what was meant is called, or nothing.
        let Some(tool) = self.registry.get(request.tool).filter(|tool| is_meant(tool, &request)) else {
            return Err(self.refuse_unrouted(&request)?);
        };
        let subject = Subject::of_tool(&tool, &request);
        let parsed = match tool.arguments().check(request.arguments.get()).and_then(require_object) {
            Ok(parsed) => parsed,
            Err(violations) => {
                self.decided(&subject, Decision::new("invalid_arguments"))?;
                return Err(EngineError::InvalidArguments { tool: request.tool.to_owned(), violations });
            }
        };
        let name = subject.what(&request);
        let asked = PolicyRequest::new(request.tool, subject.connector_or_builtin(), name)
            .with_caller(request.caller)
            .with_arguments(&parsed);
        let permission = tool.entry().permission;
        let held = Held { request: &request, subject: &subject, asked, name, permission };
        let agreed = self.authorize(held).await?;
        drop(parsed);
        if agreed.note.is_some() && !self.is_still(&tool, request.tool) {
            self.decided(&subject, Decision::new("changed"))?;
            return Err(EngineError::Changed { tool: request.tool.to_owned() });
        }
        if let Some(limit) = tool.entry().schema.rate_limit
            && let Err(retry_after) = self.rates.take(request.tool, limit, self.clock.elapsed())
        {
            self.decided(&subject, Decision::new("rate_limited"))?;
            return Err(EngineError::RateLimited { tool: request.tool.to_owned(), retry_after });
        }
        self.decided(&subject, agreed.decision())?;
        self.dispatch(&request, &tool, &subject).await
    }

    /// Says whether a name still stands for the tool that a person was asked about: the same text that a model reads,
    /// the same schemas, the same way out.
    fn is_still(&self, tool: &Arc<RegisteredTool>, name: &str) -> bool {
        self.registry.get(name).is_some_and(|now| Arc::ptr_eq(&now, tool) || now.is_same_definition(tool))
    }

    /// Refuses a name that no enabled tool has. Where the caller knows what it stands for, the policy has its say
    /// first: that a tool is denied is worth more to know than that it is not enabled.
    fn refuse_unrouted(&self, request: &ToolRequest<'_>) -> Result<EngineError, EngineError> {
        let subject = Subject::of_target(request);
        let tool = request.tool.to_owned();
        if let Some((connector, remote)) = request.target {
            // A rule about an argument counts here too, though without a schema nothing else is known of it.
            let arguments: Option<Value> = serde_json::from_str(request.arguments.get()).ok();
            let mut asked = PolicyRequest::new(request.tool, connector, remote).with_caller(request.caller);
            if let Some(arguments) = &arguments {
                asked = asked.with_arguments(arguments);
            }
            if let Verdict::Deny { rule } = self.policy.current().decide(&asked) {
                self.decided(&subject, Decision::new("deny").by(Some(&rule)))?;
                return Ok(EngineError::Denied { tool, rule: Box::new(rule) });
            }
        }
        self.decided(&subject, Decision::new("not_routed"))?;
        Ok(EngineError::NotRouted { tool })
    }

    async fn dispatch(
        &self,
        request: &ToolRequest<'_>,
        tool: &RegisteredTool,
        subject: &Subject<'_>,
    ) -> Result<McpToolResult, EngineError> {
        let mut end = self.begin(subject);
        let call = McpCall {
            tool: subject.what(request),
            arguments: request.arguments,
            deadline: request.deadline,
            trace: request.trace,
            progress: request.progress,
            context: request.context,
        };
        let outcome = match (tool.route(), &self.fallback) {
            (Some(route), _) => {
                // The guard is dropped in this statement: no lock is held across the network.
                let session = self
                    .sessions
                    .read()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(&route.connector)
                    .cloned();
                match session {
                    Some(session) => session.call_tool(call).await,
                    None => Err(unreachable(format!("connector {:?} is not connected", route.connector))),
                }
            }
            (None, Some(fallback)) => fallback.execute(call).await,
            (None, None) => Err(unreachable("nothing here runs this tool".to_owned())),
        };
        let outcome = outcome
            .map_err(|source| {
                (source.kind.as_str(), EngineError::Session { tool: request.tool.to_owned(), source })
            })
            .and_then(|result| {
                check_result(request.tool, tool, result).map_err(|error| ("invalid_result", error))
            });
        match outcome {
            Ok(result) => {
                end.outcome = if result.is_error { "tool_error" } else { "ok" };
                Ok(result)
            }
            Err((word, error)) => {
                end.outcome = word;
                Err(error)
            }
        }
    }
}

impl fmt::Debug for McpToolExecutor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("McpToolExecutor").field("registry", &self.registry).finish_non_exhaustive()
    }
}

fn is_meant(tool: &RegisteredTool, request: &ToolRequest<'_>) -> bool {
    match (tool.route(), request.target) {
        (Some(route), Some((connector, remote))) => route.connector == connector && route.tool == remote,
        _ => true,
    }
}

fn unreachable(message: String) -> McpCallError {
    McpCallError::new(McpCallErrorKind::Unreachable, message)
}

/// The protocol wants an object, also where a tool's schema would take anything.
fn require_object(value: Value) -> Result<Value, Vec<crate::Violation>> {
    if value.is_object() { Ok(value) } else { Err(vec![crate::Violation::new("", "expected object")]) }
}

/// Checks a structured result. Servers of older revisions leave it out: that is tolerated.
fn check_result(
    name: &str,
    tool: &RegisteredTool,
    result: McpToolResult,
) -> Result<McpToolResult, EngineError> {
    if let (Some(schema), Some(content), false) = (tool.result(), &result.structured_content, result.is_error)
        && let Err(violations) = schema.check(content.get())
    {
        return Err(EngineError::InvalidResult { tool: name.to_owned(), violations });
    }
    Ok(result)
}
