//! Calls a tool through the governed path, is denied another, and shows what the log says.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{io::Write as _, sync::Arc};

use car_engine::{
    BoxFuture, EventFilter, EventLog, EventLogOptions, McpCall, McpCallError, McpSession, McpToolExecutor,
    McpToolResult, PolicyFile, RegisteredTool, Route, SchemaLimits, SystemClock, ToolEntry, ToolRegistry,
    ToolRequest, ToolSchema, ToolSource,
};
use serde_json::value::RawValue;

/// Stands for a server: it answers with the arguments.
struct Echo;

impl McpSession for Echo {
    fn call_tool<'a>(&'a self, call: McpCall<'a>) -> BoxFuture<'a, Result<McpToolResult, McpCallError>> {
        Box::pin(async move { Ok(McpToolResult::new(call.arguments.to_owned(), false, None)) })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut policy = tempfile::NamedTempFile::new_in(folder.path())?;
    writeln!(policy, "[[deny_tool]]\ntool = 'docs/delete_*'\nreason = 'nobody deletes docs'")?;

    let registry = Arc::new(ToolRegistry::new());
    for name in ["search", "delete_page"] {
        let parameters = r#"{"type":"object","properties":{"query":{"type":"string"}}}"#;
        let schema =
            ToolSchema::new(format!("mcp_docs_{name}"), RawValue::from_string(parameters.to_owned())?);
        let entry = ToolEntry::new(schema, ToolSource::Mcp { server_name: "docs".to_owned() });
        registry.register(RegisteredTool::compile(
            entry,
            Some(Route::new("docs", name)),
            &SchemaLimits::default(),
        )?);
    }

    let clock = Arc::new(SystemClock::new());
    let log =
        Arc::new(EventLog::new(folder.path().join("events"), EventLogOptions::default(), clock.clone()));
    let executor = McpToolExecutor::new(registry, PolicyFile::new(policy.path()), log, clock);
    executor.set_session("docs", Arc::new(Echo));

    let calls = [
        ("mcp_docs_search", r#"{"query":"rust"}"#),
        ("mcp_docs_search", r#"{"query":5}"#),
        ("mcp_docs_delete_page", "{}"),
        ("mcp_docs_publish", "{}"),
    ];
    for (tool, arguments) in calls {
        let arguments = RawValue::from_string(arguments.to_owned())?;
        match executor.call(ToolRequest::new(tool, &arguments, "example")).await {
            Ok(result) => println!("{tool}: {}", result.raw),
            Err(error) => println!("{tool}: {error}"),
        }
    }
    for record in executor.log().tail(&EventFilter::default())?.records {
        let word = record.verdict.or(record.outcome).unwrap_or_default();
        println!("{:>3} {} {} {word}", record.seq, record.time, record.canonical.unwrap_or_default());
    }
    println!("{} records are whole", executor.log().verify()?.records);
    Ok(())
}
