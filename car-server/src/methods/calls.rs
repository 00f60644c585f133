//! Calling, and what is recorded and decided of calls.

use std::time::Duration;

use car_connectors::engine::{EventFilter, EventRecord, PolicyRequest, RuleRef};
use car_connectors::{CallOptions, ConnectorManager, ToolOutcome, canonical_names};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Nothing;
use crate::rpc::RpcError;

/// The most records that one answer has.
const MAX_RECORDS: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    slug: String,
    tool: String,
    arguments: Option<Box<RawValue>>,
    /// Give up after this long without progress, in seconds.
    timeout_seconds: Option<f64>,
}

pub(crate) async fn call_tool(manager: &ConnectorManager, call: Call) -> Result<ToolOutcome, RpcError> {
    let mut options = CallOptions::new();
    if let Some(seconds) = call.timeout_seconds {
        let timeout = Duration::try_from_secs_f64(seconds).map_err(|_| {
            RpcError::invalid_params("connectors.call_tool", "timeout_seconds: expected a number of seconds")
        })?;
        options = options.with_timeout(timeout);
    }
    let none = || RawValue::from_string("{}".to_owned()).expect("an empty object is JSON");
    let arguments = call.arguments.unwrap_or_else(none);
    Ok(manager.call_tool(&call.slug, &call.tool, &arguments, &options).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tail {
    tool: Option<String>,
    connector: Option<String>,
    /// How many, at most 1,000; 50 where nothing is said.
    limit: Option<usize>,
    /// Where the last answer said to go on; the end of the log where nothing is said.
    after: Option<String>,
}

/// Records, oldest first, and where to go on.
#[derive(Serialize)]
pub(crate) struct Records {
    events: Vec<EventRecord>,
    next: String,
    unreadable: usize,
}

pub(crate) async fn events_tail(manager: &ConnectorManager, tail: Tail) -> Result<Records, RpcError> {
    const METHOD: &str = "connectors.events.tail";
    let limit = tail.limit.unwrap_or(50);
    if !(1..=MAX_RECORDS).contains(&limit) {
        let what = format!("limit: expected a number from 1 to {MAX_RECORDS}, found {limit}");
        return Err(RpcError::invalid_params(METHOD, &what));
    }
    let mut filter = EventFilter::last(limit);
    (filter.tool, filter.connector) = (tail.tool, tail.connector);
    let after = tail.after.map(|after| after.parse()).transpose();
    let after = after.map_err(|_| RpcError::invalid_params(METHOD, "after: expected what `next` said"))?;
    let manager = manager.clone();
    // Reading files may take its time.
    let read = tokio::task::spawn_blocking(move || match after {
        Some(after) => manager.event_log().follow(after, &filter),
        None => manager.event_log().tail(&filter),
    });
    let page =
        read.await.map_err(|error| RpcError::internal(format!("reading the log failed: {error}")))??;
    Ok(Records { events: page.records, next: page.next.to_string(), unreadable: page.unreadable })
}

/// The rules, in the order in which they are looked at.
#[derive(Serialize)]
pub(crate) struct Rules {
    path: String,
    /// Why the policy cannot be used, so that every call is denied.
    problem: Option<RuleRef>,
    rules: Vec<RuleRef>,
}

pub(crate) async fn policy_list(manager: &ConnectorManager, _: Nothing) -> Result<Rules, RpcError> {
    let file = manager.policy();
    let policy = file.current();
    Ok(Rules {
        path: file.path().display().to_string(),
        problem: policy.problem().cloned(),
        rules: policy.rules(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explain {
    slug: String,
    tool: String,
    arguments: Option<Value>,
}

/// What the policy decides, and every rule that matters.
#[derive(Serialize)]
pub(crate) struct Explained {
    verdict: &'static str,
    rule: Option<RuleRef>,
    rules: Vec<RuleRef>,
    enabled: bool,
}

pub(crate) async fn policy_explain(
    manager: &ConnectorManager,
    explain: Explain,
) -> Result<Explained, RpcError> {
    let Explain { slug, tool, arguments } = explain;
    let known = manager.list().await?.into_iter().filter(|known| known.state.is_in_use());
    let slugs: Vec<String> = known.map(|known| known.slug).collect();
    let canonical = canonical_names(&slug, [tool.as_str()], &slugs).remove(tool.as_str()).unwrap_or_default();
    let mut request = PolicyRequest::new(&canonical, &slug, &tool);
    if let Some(arguments) = &arguments {
        request = request.with_arguments(arguments);
    }
    let policy = manager.policy().current();
    let verdict = policy.decide(&request);
    Ok(Explained {
        verdict: verdict.as_str(),
        rule: verdict.rule().cloned(),
        rules: policy.explain(&request),
        enabled: manager.enabled_tools(&slug).await?.contains(&tool),
    })
}
