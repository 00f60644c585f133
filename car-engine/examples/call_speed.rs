//! What the governed path adds to a call: `cargo run --release -p car-engine --example call_speed [FOLDER]`.
//!
//! The session answers at once, so that everything measured is the engine's: registry, validator, policy with its look at
//! the file, two records. The folder is on the disk that is to be measured; a temporary one where none is named.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use car_engine::{
    BoxFuture, EventKind, EventLog, EventLogOptions, EventRecord, McpCall, McpCallError, McpSession,
    McpToolExecutor, McpToolResult, PolicyFile, PolicyRequest, RegisteredTool, Route, SchemaLimits,
    SystemClock, ToolEntry, ToolRegistry, ToolRequest, ToolSchema, ToolSource,
};
use serde_json::value::RawValue;

const CALLS: usize = 50_000;

const PARAMETERS: &str = r#"{"type":"object","properties":{"query":{"type":"string"},"limit":{"type":"integer"},
    "tags":{"type":"array","items":{"type":"string"}}},"required":["query"],"additionalProperties":false}"#;

const ARGUMENTS: &str = r#"{"query":"how a call is governed","limit":10,"tags":["rust","mcp"]}"#;

const POLICY: &str = "ask = ['mail/*']\n\n[[deny_tool]]\ntool = 'docs/delete_*'\n\n[[deny_tool_param]]
tool = 'files/*'\nparameter = '/path'\npattern = '/etc/*'\n";

/// Stands for a server: it answers at once.
struct Echo;

impl McpSession for Echo {
    fn call_tool<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>> {
        Box::pin(async move { Ok(McpToolResult::new(call.arguments.to_owned(), false, None)) })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let mut policy = tempfile::NamedTempFile::new_in(folder.path())?;
    policy.write_all(POLICY.as_bytes())?;
    let registry = Arc::new(ToolRegistry::new());
    let schema = ToolSchema::new("mcp_docs_search", RawValue::from_string(PARAMETERS.to_owned())?);
    let entry = ToolEntry::new(schema, ToolSource::Mcp { server_name: "docs".to_owned() });
    let tool = RegisteredTool::compile(entry, Some(Route::new("docs", "search")), &SchemaLimits::default())?;
    registry.register(tool);
    let clock = Arc::new(SystemClock::new());
    let log =
        Arc::new(EventLog::new(folder.path().join("events"), EventLogOptions::default(), clock.clone()));
    let executor = McpToolExecutor::new(registry, PolicyFile::new(policy.path()), log, clock);
    executor.set_session("docs", Arc::new(Echo));

    let arguments = RawValue::from_string(ARGUMENTS.to_owned())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut took = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let begin = Instant::now();
            let request = ToolRequest::new("mcp_docs_search", &arguments, "token:example");
            executor.call(request.with_target("docs", "search")).await?;
            took.push(begin.elapsed());
        }
        report("a governed call", took);
        Ok::<(), car_engine::EngineError>(())
    })?;
    let tool = executor.registry().get("mcp_docs_search").ok_or("the tool is registered")?;
    report("the check of the arguments", each(|| drop(tool.arguments().check(ARGUMENTS))));
    let request = PolicyRequest::new("mcp_docs_search", "docs", "search");
    report("the policy", each(|| drop(executor.policy().current().decide(&request))));
    report("one record", each(|| drop(executor.log().append(EventRecord::new(EventKind::Call)))));
    println!("{} records are whole", executor.log().verify()?.records);
    Ok(())
}

fn each(mut work: impl FnMut()) -> Vec<Duration> {
    let timed = |_| {
        let begin = Instant::now();
        work();
        begin.elapsed()
    };
    (0..CALLS).map(timed).collect()
}

fn report(what: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 1000].as_secs_f64() * 1e6;
    println!("{what:30} p50 {:7.2} µs   p99 {:7.2} µs   p99.9 {:7.2} µs", at(500), at(990), at(999));
}
