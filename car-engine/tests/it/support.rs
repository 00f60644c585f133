//! A server in memory, a clock that stands still, and an engine around them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use car_engine::{
    BoxFuture, Clock, EventFilter, EventLog, EventLogOptions, McpCall, McpCallError, McpCallErrorKind,
    McpSession, McpToolExecutor, McpToolResult, PolicyFile, RegisteredTool, Route, SchemaLimits, ToolEntry,
    ToolRegistry, ToolSchema, ToolSource,
};
use serde_json::value::RawValue;
use tempfile::TempDir;

pub(crate) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// A clock that moves only when told to.
#[derive(Debug, Default)]
pub(crate) struct StillClock(pub(crate) AtomicU64);

impl Clock for StillClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_785_231_000) + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A server whose answer depends on the tool's name.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) calls: AtomicUsize,
    pub(crate) seen: Mutex<Vec<String>>,
}

impl McpSession for Server {
    fn call_tool<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.seen.lock().unwrap().push(call.arguments.get().to_owned());
            match call.tool {
                "fails" => Ok(McpToolResult::new(raw(r#"{"isError":true}"#), true, None)),
                "gone" => Err(McpCallError::new(McpCallErrorKind::Unreachable, "connection refused")),
                "hangs" => std::future::pending().await,
                "slow" => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    Ok(McpToolResult::new(raw("{}"), false, None))
                }
                "odd" => Ok(McpToolResult::new(raw("{}"), false, Some(raw(r#"{"count":"many"}"#)))),
                _ => Ok(McpToolResult::new(raw(r#"{"content" : [ ]}"#), false, None)),
            }
        })
    }
}

pub(crate) struct Engine {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<StillClock>,
    pub(crate) server: Arc<Server>,
    pub(crate) executor: McpToolExecutor,
}

pub(crate) const PARAMETERS: &str = r#"{"type":"object","properties":{"query":{"type":"string"}}}"#;

pub(crate) fn tool(name: &str, change: impl FnOnce(&mut ToolEntry)) -> RegisteredTool {
    let schema = ToolSchema::new(format!("mcp_docs_{name}"), raw(PARAMETERS));
    let mut entry = ToolEntry::new(schema, ToolSource::Mcp { server_name: "docs".to_owned() });
    change(&mut entry);
    RegisteredTool::compile(entry, Some(Route::new("docs", name)), &SchemaLimits::default()).unwrap()
}

/// Makes an engine with one connector, `docs`, and the given policy.
pub(crate) fn engine_with(policy: &str, adapt: impl FnOnce(McpToolExecutor) -> McpToolExecutor) -> Engine {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    std::fs::write(&path, policy).unwrap();
    let (clock, server) = (Arc::new(StillClock::default()), Arc::<Server>::default());
    let log =
        Arc::new(EventLog::new(folder.path().join("events"), EventLogOptions::default(), clock.clone()));
    let registry = Arc::new(ToolRegistry::new());
    let names = ["search", "fails", "gone", "hangs", "slow"];
    registry.replace_connector("docs", names.map(|name| tool(name, |_| {})));
    let executor = adapt(McpToolExecutor::new(registry, PolicyFile::new(path), log, clock.clone()));
    executor.set_session("docs", server.clone());
    Engine { folder, clock, server, executor }
}

pub(crate) fn engine(policy: &str) -> Engine {
    engine_with(policy, |executor| executor)
}

impl Engine {
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: &str,
    ) -> Result<McpToolResult, car_engine::EngineError> {
        let (tool, arguments) = (format!("mcp_docs_{tool}"), raw(arguments));
        self.executor.call(car_engine::ToolRequest::new(&tool, &arguments, "test")).await
    }

    /// Returns what the log says: the verdict of each decision and the outcome of each call.
    pub(crate) fn logged(&self) -> Vec<String> {
        let page = self.executor.log().tail(&EventFilter::default()).unwrap();
        page.records.into_iter().filter_map(|record| record.verdict.or(record.outcome)).collect()
    }
}
