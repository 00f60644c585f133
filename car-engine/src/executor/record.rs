//! What is recorded of a call: each decision about it, and its end.

use std::time::Duration;

use serde_json::value::RawValue;

use super::McpToolExecutor;
use crate::{
    AccessRequest, ArgumentLogging, EngineError, EventKind, EventRecord, RegisteredTool, RuleRef,
    ToolRequest, redact_arguments,
};

/// What stands for a connector where the program itself runs a tool.
const BUILTIN: &str = "builtin";

/// What is asked for, as the policy and the log name it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) connector: Option<&'a str>,
    /// The server's name for the tool, or for what else is asked for.
    pub(super) tool: Option<&'a str>,
    canonical: Option<&'a str>,
    method: Option<&'a str>,
    caller: &'a str,
    trace: Option<&'a str>,
    arguments: Option<&'a RawValue>,
}

impl<'a> Subject<'a> {
    pub(super) fn of_tool(tool: &'a RegisteredTool, request: &ToolRequest<'a>) -> Self {
        let (connector, name) = match tool.route() {
            Some(route) => (&*route.connector, &*route.tool),
            None => (BUILTIN, request.tool),
        };
        Self { connector: Some(connector), tool: Some(name), ..Self::of_target(request) }
    }

    /// What the caller says that a name stands for.
    pub(super) fn of_target(request: &ToolRequest<'a>) -> Self {
        Self {
            connector: request.target.map(|(connector, _)| connector),
            tool: request.target.map(|(_, tool)| tool),
            canonical: Some(request.tool),
            method: None,
            caller: request.caller,
            trace: request.trace,
            arguments: Some(request.arguments),
        }
    }

    pub(super) fn of_access(request: &AccessRequest<'a>) -> Self {
        Self {
            connector: Some(request.connector),
            tool: Some(request.subject),
            canonical: None,
            method: Some(request.method),
            caller: request.caller,
            trace: request.trace,
            arguments: request.arguments,
        }
    }

    pub(super) fn connector_or_builtin(&self) -> &'a str {
        self.connector.unwrap_or(BUILTIN)
    }

    /// Returns the server's name for the tool.
    pub(super) fn what(&self, request: &ToolRequest<'a>) -> &'a str {
        self.tool.unwrap_or(request.tool)
    }

    fn record(&self, kind: EventKind, logging: ArgumentLogging) -> EventRecord {
        let mut record = EventRecord::new(kind);
        record.who = Some(self.caller.to_owned());
        record.connector = self.connector.map(str::to_owned);
        record.tool = match self.method {
            Some(_) if logging != ArgumentLogging::Full => self.tool.map(without_query),
            _ => self.tool.map(str::to_owned),
        };
        record.canonical = self.canonical.map(str::to_owned);
        record.method = self.method.map(str::to_owned);
        record.trace_id = self.trace.map(str::to_owned);
        record
    }
}

/// Leaves out of a URI what may be a secret: who reads it, and what is asked for in it. Other names stay as they are.
fn without_query(name: &str) -> String {
    let Some((scheme, rest)) = name.split_once("://") else { return name.to_owned() };
    let kept = rest.find(['?', '#']).map_or(rest, |end| &rest[..end]);
    let authority = kept.find('/').unwrap_or(kept.len());
    let host = kept[..authority].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &kept[host..])
}

/// What was decided, and by what.
pub(super) struct Decision<'a> {
    verdict: &'static str,
    rule: Option<&'a RuleRef>,
    note: Option<&'a str>,
}

impl<'a> Decision<'a> {
    pub(super) const fn new(verdict: &'static str) -> Self {
        Self { verdict, rule: None, note: None }
    }

    pub(super) const fn by(mut self, rule: Option<&'a RuleRef>) -> Self {
        self.rule = rule;
        self
    }

    pub(super) const fn noting(mut self, note: Option<&'a str>) -> Self {
        self.note = note;
        self
    }
}

impl McpToolExecutor {
    /// Records a decision. If that fails, the call must not be made.
    pub(super) fn decided(&self, subject: &Subject<'_>, decision: Decision<'_>) -> Result<(), EngineError> {
        let logging = self.log.options().arguments;
        let mut record = subject.record(EventKind::Decision, logging);
        record.verdict = Some(decision.verdict.to_owned());
        record.rule = decision.rule.map(RuleRef::name);
        record.rule_location = decision.rule.and_then(|rule| rule.location.as_ref()).map(ToString::to_string);
        record.arguments = subject.arguments.and_then(|arguments| redact_arguments(logging, arguments));
        record.note = decision.note.map(str::to_owned);
        self.log.append(record).map(drop)
    }

    /// Begins what has an end to record; unless something else is said of it, it was cancelled.
    pub(super) fn begin(&self, subject: &Subject<'_>) -> CallEnd<'_> {
        CallEnd {
            executor: self,
            record: Some(subject.record(EventKind::Call, self.log.options().arguments)),
            started: self.clock.elapsed(),
            outcome: "cancelled",
        }
    }
}

/// Records the end of a call when it goes out of scope, also where the call's future is dropped half-way.
pub(super) struct CallEnd<'a> {
    executor: &'a McpToolExecutor,
    record: Option<EventRecord>,
    started: Duration,
    pub(super) outcome: &'static str,
}

impl CallEnd<'_> {
    /// Says more about the end.
    pub(super) fn noting(mut self, note: &str) -> Self {
        if let Some(record) = &mut self.record {
            record.note = Some(note.to_owned());
        }
        self
    }

    /// There is no end to record: the call goes on.
    pub(super) fn goes_on(mut self) {
        self.record = None;
    }
}

impl Drop for CallEnd<'_> {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        let took = self.executor.clock.elapsed().saturating_sub(self.started);
        record.duration_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        record.outcome = Some(self.outcome.to_owned());
        // The decision is on record; if this is not, the next decision fails and nothing leaves any more.
        self.executor.log.append(record).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_recorded_without_what_may_be_a_secret() {
        for (name, kept) in [
            ("file:///notes/a.md", "file:///notes/a.md"),
            ("https://me:hunter2@example.com/a/b?token=x#y", "https://example.com/a/b"),
            ("db://host?q=x@y/z", "db://host"),
            ("greet?", "greet?"),
            ("mail:a@b", "mail:a@b"),
        ] {
            assert_eq!(without_query(name), kept);
        }
    }
}
