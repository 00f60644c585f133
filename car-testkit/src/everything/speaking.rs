//! Tools that say something before they answer, or lose their client in the middle.

use std::time::Duration;

use car_mcp::proto::elicitation::ElicitParams;
use car_mcp::proto::logging::LoggingLevel;
use car_mcp::server::{Context, Failure, NoArguments, ServerBuilder, tool};

use super::questions;

/// Between two messages: what the suite wants, so that they arrive apart.
const PACE: Duration = Duration::from_millis(50);

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(
            tool("test_tool_with_progress", "Reports progress thrice.")
                .run(|_: NoArguments, context| with_progress(context)),
        )
        .tool(
            tool("test_tool_with_logging", "Logs thrice.")
                .run(|_: NoArguments, context| with_logging(context)),
        )
        .tool(
            tool("test_logging_tool", "Logs, if it was asked to.")
                .run(|_: NoArguments, context| with_logging(context)),
        )
        .tool(
            tool("test_reconnection", "Lets its client go, and answers when it is back.")
                .run(|_: NoArguments, context| reconnection(context)),
        )
        .tool(
            tool("test_streaming_elicitation", "Speaks first, then asks the user.")
                .run(|_: NoArguments, context| streaming_elicitation(context)),
        )
}

async fn with_progress(context: Context) -> Result<&'static str, Failure> {
    for progress in [0.0, 50.0, 100.0] {
        context.progress(progress, Some(100.0), None).await;
        tokio::time::sleep(PACE).await;
    }
    Ok("Reported progress thrice.")
}

async fn with_logging(context: Context) -> Result<&'static str, Failure> {
    for said in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        context.log(LoggingLevel::INFO, Some("everything"), said).await;
        tokio::time::sleep(PACE).await;
    }
    Ok("Logged thrice.")
}

async fn reconnection(context: Context) -> Result<&'static str, Failure> {
    context.close_stream().await;
    // Work that goes on without the client.
    tokio::time::sleep(PACE).await;
    Ok("Reconnection test completed successfully.")
}

async fn streaming_elicitation(context: Context) -> Result<String, Failure> {
    // A client that cannot be asked is refused before anything is said, while a status can still tell it.
    if context.can_elicit() {
        context.progress(0.0, Some(1.0), Some("about to ask")).await;
        context.log(LoggingLevel::INFO, Some("everything"), "about to ask").await;
    }
    let name = r#"{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}"#;
    let question: ElicitParams = questions::form("What is your name?", name);
    let answer = context.elicit("user_name", question).await?;
    Ok(questions::told(&answer))
}
