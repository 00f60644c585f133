//! The governed path of a call.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;

use crate::{
    AccessRequest, Approval, ApprovalQuestion, Approver, Clock, EngineError, EventKind, EventLog,
    EventRecord, McpCall, McpCallError, McpCallErrorKind, McpSession, McpToolResult, PolicyFile,
    PolicyRequest, RegisteredTool, RuleKind, RuleRef, ToolExecutor, ToolPermission, ToolRegistry,
    ToolRequest, Verdict, rate::RateLimiter, redact_arguments,
};

/// What stands for a connector where the program itself runs a tool.
const BUILTIN: &str = "builtin";

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
    /// A tool that says itself that it failed is a result, with `is_error` set.
    ///
    /// # Errors
    ///
    /// [`EngineError`]; [`is_before_call`](EngineError::is_before_call) tells whether anything can have left. A
    /// decision that cannot be recorded is an error, and nothing leaves. When only the end of a call cannot be
    /// recorded its result is returned all the same: it would be lost otherwise, and the next call is refused.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; the log records it as cancelled.
    pub async fn call(&self, request: ToolRequest<'_>) -> Result<McpToolResult, EngineError> {
        // A name may have passed to another tool since the caller looked it up: what was meant is called, or nothing.
        let Some(tool) = self.registry.get(request.tool).filter(|tool| is_meant(tool, &request)) else {
            return Err(self.refuse_unrouted(&request)?);
        };
        let subject = Subject::of(&tool, &request);
        let parsed = match tool.arguments().check(request.arguments.get()).and_then(require_object) {
            Ok(parsed) => parsed,
            Err(violations) => {
                self.decided(&request, subject, "invalid_arguments", None)?;
                return Err(EngineError::InvalidArguments { tool: request.tool.to_owned(), violations });
            }
        };
        let rule = self.authorize(&request, &tool, subject, &parsed).await?;
        drop(parsed);
        if let Some(limit) = tool.entry().schema.rate_limit
            && let Err(retry_after) = self.rates.take(request.tool, limit, self.clock.elapsed())
        {
            self.decided(&request, subject, "rate_limited", None)?;
            return Err(EngineError::RateLimited { tool: request.tool.to_owned(), retry_after });
        }
        self.decided(&request, subject, "allow", rule.as_ref())?;
        self.dispatch(&request, &tool, subject).await
    }

    /// Takes what is not a tool's call through policy and event log: `work` is run if the policy lets it, and how it ended
    /// is recorded. Rules about connectors and callers apply, those about tools do not.
    ///
    /// # Errors
    /// [`EngineError::Denied`], [`EngineError::Session`] with what `work` says, and those of the log.
    ///
    /// # Cancel safety
    /// As [`call`](Self::call).
    pub async fn access<T>(
        &self,
        request: AccessRequest<'_>,
        work: impl Future<Output = Result<T, McpCallError>>,
    ) -> Result<T, EngineError> {
        let _ = (request, work);
        todo!("part B")
    }

    /// Refuses a name that no enabled tool has. Where the caller knows what it stands for, the policy has its say
    /// first: that a tool is denied is worth more to know than that it is not enabled.
    fn refuse_unrouted(&self, request: &ToolRequest<'_>) -> Result<EngineError, EngineError> {
        let subject = Subject {
            connector: request.target.map(|(slug, _)| slug),
            tool: request.target.map(|(_, tool)| tool),
        };
        let tool = request.tool.to_owned();
        if let Some((connector, remote)) = request.target {
            // A rule about an argument counts here too, though without a schema nothing else is known of it.
            let arguments: Option<Value> = serde_json::from_str(request.arguments.get()).ok();
            let mut asked = PolicyRequest::new(request.tool, connector, remote);
            if let Some(arguments) = &arguments {
                asked = asked.with_arguments(arguments);
            }
            if let Verdict::Deny { rule } = self.policy.current().decide(&asked) {
                self.decided(request, subject, "deny", Some(&rule))?;
                return Ok(EngineError::Denied { tool, rule: Box::new(rule) });
            }
        }
        self.decided(request, subject, "not_routed", None)?;
        Ok(EngineError::NotRouted { tool })
    }

    /// Asks the policy, and where it says so a person. Returns the rule that allows the call, if one does.
    async fn authorize(
        &self,
        request: &ToolRequest<'_>,
        tool: &RegisteredTool,
        subject: Subject<'_>,
        arguments: &Value,
    ) -> Result<Option<RuleRef>, EngineError> {
        let (connector, remote) =
            (subject.connector.unwrap_or(BUILTIN), subject.tool.unwrap_or(request.tool));
        let asked = PolicyRequest::new(request.tool, connector, remote).with_arguments(arguments);
        let verdict = match self.policy.current().decide(&asked) {
            Verdict::Allow { .. } if tool.entry().permission == ToolPermission::Ask => {
                Verdict::Ask { rule: own_permission(request.tool) }
            }
            verdict => verdict,
        };
        let rule = match verdict {
            Verdict::Allow { rule } => return Ok(rule),
            Verdict::Deny { rule } => rule,
            Verdict::Ask { mut rule } => {
                let answer = match &self.approver {
                    Some(approver) => {
                        let question = ApprovalQuestion { request, connector, tool: remote, rule: &rule };
                        match approver.approve(question).await {
                            Approval::Granted { .. } => Ok(()),
                            Approval::Refused { .. } => Err("the call was not approved"),
                        }
                    }
                    None => Err("nobody is there to approve the call"),
                };
                let Err(reason) = answer else { return Ok(Some(rule)) };
                rule.reason = Some(match rule.reason {
                    Some(own) => format!("{own} ({reason})"),
                    None => reason.to_owned(),
                });
                rule
            }
        };
        self.decided(request, subject, "deny", Some(&rule))?;
        Err(EngineError::Denied { tool: request.tool.to_owned(), rule: Box::new(rule) })
    }

    async fn dispatch(
        &self,
        request: &ToolRequest<'_>,
        tool: &RegisteredTool,
        subject: Subject<'_>,
    ) -> Result<McpToolResult, EngineError> {
        let mut end = CallEnd {
            executor: self,
            record: self.record(EventKind::Call, request, subject),
            started: self.clock.elapsed(),
            outcome: "cancelled",
        };
        let call = McpCall {
            tool: subject.tool.unwrap_or(request.tool),
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

    /// Records a decision. If that fails, the call must not be made.
    fn decided(
        &self,
        request: &ToolRequest<'_>,
        subject: Subject<'_>,
        verdict: &str,
        rule: Option<&RuleRef>,
    ) -> Result<(), EngineError> {
        let mut record = self.record(EventKind::Decision, request, subject);
        record.verdict = Some(verdict.to_owned());
        record.rule = rule.map(RuleRef::name);
        record.rule_location = rule.and_then(|rule| rule.location.as_ref()).map(ToString::to_string);
        record.arguments = redact_arguments(self.log.options().arguments, request.arguments);
        self.log.append(record).map(drop)
    }

    fn record(&self, kind: EventKind, request: &ToolRequest<'_>, subject: Subject<'_>) -> EventRecord {
        let mut record = EventRecord::new(kind);
        record.who = Some(request.caller.to_owned());
        record.connector = subject.connector.map(str::to_owned);
        record.tool = subject.tool.map(str::to_owned);
        record.canonical = Some(request.tool.to_owned());
        record.trace_id = request.trace.map(str::to_owned);
        record
    }
}

impl fmt::Debug for McpToolExecutor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("McpToolExecutor").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// What a call is about, as the policy and the log name it.
#[derive(Clone, Copy)]
struct Subject<'a> {
    connector: Option<&'a str>,
    tool: Option<&'a str>,
}

impl<'a> Subject<'a> {
    fn of(tool: &'a RegisteredTool, request: &ToolRequest<'a>) -> Self {
        match tool.route() {
            Some(route) => Self { connector: Some(&route.connector), tool: Some(&route.tool) },
            None => Self { connector: Some(BUILTIN), tool: Some(request.tool) },
        }
    }
}

/// Records the end of a call when it goes out of scope, also where the call's future is dropped half-way.
struct CallEnd<'a> {
    executor: &'a McpToolExecutor,
    record: EventRecord,
    started: Duration,
    outcome: &'static str,
}

impl Drop for CallEnd<'_> {
    fn drop(&mut self) {
        let mut record = std::mem::take(&mut self.record);
        let took = self.executor.clock.elapsed().saturating_sub(self.started);
        record.duration_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        record.outcome = Some(self.outcome.to_owned());
        // The decision is on record; if this is not, the next decision fails and nothing leaves any more.
        self.executor.log.append(record).ok();
    }
}

fn is_meant(tool: &RegisteredTool, request: &ToolRequest<'_>) -> bool {
    match (tool.route(), request.target) {
        (Some(route), Some((connector, remote))) => route.connector == connector && route.tool == remote,
        _ => true,
    }
}

fn own_permission(tool: &str) -> RuleRef {
    RuleRef { kind: RuleKind::ToolPermission, subject: tool.to_owned(), location: None, reason: None }
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
