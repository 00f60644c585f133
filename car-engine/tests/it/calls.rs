//! Whole calls through the governed path.

use std::{
    fs,
    future::Future as _,
    sync::{Arc, atomic::Ordering},
    task::{Context, Waker},
    time::Duration,
};

use car_engine::{
    BoxFuture, EngineError, EventFilter, McpCall, McpCallError, McpCallErrorKind, McpToolResult, RateLimit,
    RegisteredTool, SchemaLimits, ToolEntry, ToolExecutor, ToolRequest, ToolSchema, ToolSource,
};

use crate::support::{PARAMETERS, engine, engine_with, raw, tool};

#[tokio::test]
async fn a_call_passes_arguments_and_result_byte_for_byte_and_is_logged_twice() {
    let engine = engine("");
    let result = engine.call("search", r#"{ "query" : "é", "n":1.0 }"#).await.unwrap();
    assert_eq!(result.raw.get(), r#"{"content" : [ ]}"#);
    assert_eq!(*engine.server.seen.lock().unwrap(), [r#"{ "query" : "é", "n":1.0 }"#]);
    let page = engine.executor.log().tail(&EventFilter::default()).unwrap();
    let [decision, call] = &*page.records else { panic!("two records") };
    assert_eq!(decision.verdict.as_deref(), Some("allow"));
    assert_eq!(call.outcome.as_deref(), Some("ok"));
    for record in [decision, call] {
        assert_eq!(record.who.as_deref(), Some("test"));
        assert_eq!(record.connector.as_deref(), Some("docs"));
        assert_eq!(record.tool.as_deref(), Some("search"));
        assert_eq!(record.canonical.as_deref(), Some("mcp_docs_search"));
        assert_eq!(record.time, "2026-07-28T09:30:00.000Z");
        assert!(record.arguments.is_none(), "arguments are off unless asked for");
    }
}

#[tokio::test]
async fn a_tool_that_was_never_enabled_is_refused_logged_and_never_sent() {
    let engine = engine("");
    let error = engine.call("delete", "{}").await.unwrap_err();
    assert!(matches!(error, EngineError::NotRouted { .. }) && error.is_before_call());
    engine.executor.registry().unregister("mcp_docs_search");
    assert!(engine.call("search", "{}").await.is_err());
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
    assert_eq!(engine.logged(), ["not_routed", "not_routed"]);
}

#[tokio::test]
async fn a_name_that_has_passed_to_another_tool_is_not_called() {
    let engine = engine("");
    let arguments = raw(r#"{"query":"x"}"#);
    let request = ToolRequest::new("mcp_docs_search", &arguments, "test").with_target("doc", "s_search");
    assert!(matches!(engine.executor.call(request).await, Err(EngineError::NotRouted { .. })));
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_denied_tool_names_its_rule_whether_it_is_enabled_or_not() {
    let engine = engine("# ours\ndeny_connector = ['docs']");
    let error = engine.call("search", "{}").await.unwrap_err();
    assert!(error.is_denied());
    let place = engine.folder.path().join("policy.toml");
    assert_eq!(
        error.to_string(),
        format!("\"mcp_docs_search\" is denied by deny_connector \"docs\" at {}:2:19", place.display())
    );
    let arguments = raw("{}");
    let request = ToolRequest::new("mcp_docs_delete", &arguments, "test").with_target("docs", "delete");
    assert!(engine.executor.call(request).await.unwrap_err().is_denied());
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
    let page = engine.executor.log().tail(&EventFilter::default().with_tool("delete")).unwrap();
    assert_eq!(page.records[0].rule.as_deref(), Some("deny_connector \"docs\""));
    assert_eq!(page.records[0].rule_location.as_deref(), Some(&*format!("{}:2:19", place.display())));
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_before_anything_leaves() {
    let engine = engine("");
    let error = engine.call("search", r#"{"query":5}"#).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the arguments of \"mcp_docs_search\" do not fit: /query: expected string, found integer"
    );
    assert!(engine.call("search", "[]").await.is_err());
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
    assert_eq!(engine.logged(), ["invalid_arguments", "invalid_arguments"]);
}

#[tokio::test]
async fn an_invalid_schema_sets_its_tool_aside_and_no_other() {
    let schema = ToolSchema::new("mcp_docs_bad", raw(r#"{"$ref":"https://example.com/s"}"#));
    let entry = ToolEntry::new(schema, ToolSource::Mcp { server_name: "docs".to_owned() });
    let error = RegisteredTool::compile(entry, None, &SchemaLimits::default()).unwrap_err();
    assert!(error.to_string().starts_with("input schema: the schema is not usable"), "{error}");
}

#[tokio::test]
async fn failures_keep_their_kind_and_are_logged_by_it() {
    let engine = engine("");
    assert!(engine.call("fails", "{}").await.unwrap().is_error);
    let EngineError::Session { source, .. } = engine.call("gone", "{}").await.unwrap_err() else { panic!() };
    assert_eq!(source.kind, McpCallErrorKind::Unreachable);
    engine.executor.remove_session("docs");
    let error = engine.call("search", "{}").await.unwrap_err();
    assert!(!error.is_before_call(), "{error}");
    assert_eq!(engine.logged(), ["allow", "tool_error", "allow", "unreachable", "allow", "unreachable"]);
}

#[tokio::test]
async fn a_result_that_does_not_fit_its_schema_is_an_error() {
    let engine = engine("");
    let returns = r#"{"properties":{"count":{"type":"integer"}}}"#;
    engine.executor.registry().register(tool("odd", |entry| entry.schema.returns = Some(raw(returns))));
    let error = engine.call("odd", "{}").await.unwrap_err();
    assert!(error.to_string().ends_with("/count: expected integer, found string"), "{error}");
    assert_eq!(engine.logged(), ["allow", "invalid_result"]);
}

#[tokio::test]
async fn a_rate_limit_refuses_until_its_time_has_come() {
    let engine = engine("");
    let limit = RateLimit::new(1, Duration::from_secs(60));
    engine.executor.registry().register(tool("search", |entry| entry.schema.rate_limit = Some(limit)));
    engine.call("search", "{}").await.unwrap();
    let error = engine.call("search", "{}").await.unwrap_err();
    assert!(matches!(error, EngineError::RateLimited { retry_after, .. } if retry_after == limit.period));
    engine.clock.0.fetch_add(60_000, Ordering::Relaxed);
    engine.call("search", "{}").await.unwrap();
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_dropped_call_is_logged_as_cancelled() {
    let engine = engine("");
    {
        let call = engine.call("hangs", "{}");
        tokio::pin!(call);
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        engine.clock.0.fetch_add(250, Ordering::Relaxed);
    }
    let page = engine.executor.log().tail(&EventFilter::last(1)).unwrap();
    assert_eq!(page.records[0].outcome.as_deref(), Some("cancelled"));
    assert_eq!(page.records[0].duration_ms, Some(250));
}

#[tokio::test(start_paused = true)]
async fn sixty_four_calls_are_under_way_at_once() {
    let engine = engine("");
    let started = tokio::time::Instant::now();
    let mut calls: Vec<_> = (0..64).map(|_| Box::pin(engine.call("slow", "{}"))).collect();
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| call.as_mut().poll(context).is_pending());
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(started.elapsed().as_millis() / 100, 2);
    assert_eq!(engine.executor.log().verify().unwrap().records, 128);
}

#[tokio::test]
async fn a_decision_that_cannot_be_recorded_stops_the_call() {
    let engine = engine("");
    // A file where the folder should be refuses everybody, the superuser included.
    fs::write(engine.folder.path().join("events"), "in the way").unwrap();
    let error = engine.call("search", "{}").await.unwrap_err();
    assert!(matches!(error, EngineError::Log { .. }) && error.is_before_call(), "{error}");
    assert_eq!(engine.server.calls.load(Ordering::Relaxed), 0);
}

struct Own;

impl ToolExecutor for Own {
    fn execute<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>> {
        Box::pin(async move { Ok(McpToolResult::new(raw(&format!("{:?}", call.tool)), false, None)) })
    }
}

#[tokio::test]
async fn a_tool_of_the_program_itself_takes_the_same_path() {
    let engine = engine_with("deny_tool = ['builtin/rm']", |executor| executor.with_fallback(Arc::new(Own)));
    for name in ["date", "rm"] {
        let entry = ToolEntry::new(ToolSchema::new(name, raw(PARAMETERS)), ToolSource::Builtin);
        let tool = RegisteredTool::compile(entry, None, &SchemaLimits::default()).unwrap();
        engine.executor.registry().register(tool);
    }
    let arguments = raw("{}");
    let result = engine.executor.call(ToolRequest::new("date", &arguments, "test")).await.unwrap();
    assert_eq!(result.raw.get(), "\"date\"");
    assert!(engine.executor.call(ToolRequest::new("rm", &arguments, "test")).await.unwrap_err().is_denied());
}

#[test]
fn replacing_a_connectors_tools_touches_no_other() {
    let engine = engine("");
    let registry = engine.executor.registry();
    let entry = ToolEntry::new(ToolSchema::new("date", raw(PARAMETERS)), ToolSource::Builtin);
    registry.register(RegisteredTool::compile(entry, None, &SchemaLimits::default()).unwrap());
    registry.replace_connector("docs", [tool("read", |_| {})]);
    let names: Vec<_> = registry.list().iter().map(|tool| tool.entry().schema.name.clone()).collect();
    assert_eq!(names, ["date", "mcp_docs_read"]);
}
