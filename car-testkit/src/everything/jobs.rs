//! Tools that answer with tasks (extension `io.modelcontextprotocol/tasks`).

use std::time::Duration;

use car_mcp::server::{Context, Failure, NoArguments, Questions, ServerBuilder, TaskUse, tool};
use schemars::JsonSchema;
use serde::Deserialize;

use super::questions::{ask_for, filled_in};

/// Long enough for a client to see that a task is under way.
const SOON: Duration = Duration::from_secs(1);

/// What a job may take: a day. A client that wants longer has made a mistake.
const LONGEST: f64 = 86_400.0;

#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Whom to greet
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Compute {
    /// How long to take
    seconds: f64,
    /// What to call the result
    #[serde(default)]
    label: String,
}

#[derive(Deserialize, JsonSchema)]
struct Delete {
    /// What to delete
    #[serde(default)]
    filename: String,
}

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(
            tool("greet", "Greets at once, never as a task.")
                .run(|arguments: Greet, _: Context| async move { Ok(format!("Hello, {}!", arguments.name)) }),
        )
        .tool(
            tool("slow_compute", "Takes its time; can be cancelled.")
                .task(TaskUse::WhereSupported)
                .run(|arguments: Compute, _: Context| slow_compute(arguments)),
        )
        .tool(tool("failing_job", "Fails after a second; only as a task.").task(TaskUse::Always).run(
            |_: NoArguments, _: Context| async {
                tokio::time::sleep(SOON).await;
                Err::<String, _>(Failure::new("This job always fails."))
            },
        ))
        .tool(tool("protocol_error_job", "Ends with a protocol error.").task(TaskUse::WhereSupported).run(
            |_: NoArguments, _: Context| async {
                Err::<String, _>(Failure::internal("This job breaks the server on purpose."))
            },
        ))
        .tool(
            tool("confirm_delete", "Asks before it pretends to delete a file.")
                .task(TaskUse::WhereSupported)
                .run(confirm_delete),
        )
        .tool(
            tool("multi_input", "Asks for two things at once.")
                .task(TaskUse::WhereSupported)
                .run(|_: NoArguments, context| multi_input(context)),
        )
        .tool(
            tool("test_tool_with_task", "Asks in a round, then goes on as a task.")
                .run(|_: NoArguments, context| round_then_task(context)),
        )
}

async fn slow_compute(arguments: Compute) -> Result<String, Failure> {
    if !(0.0..=LONGEST).contains(&arguments.seconds) {
        return Err(Failure::new(format!(
            "expected seconds from 0 to {LONGEST}, found {}",
            arguments.seconds
        )));
    }
    tokio::time::sleep(Duration::from_secs_f64(arguments.seconds)).await;
    Ok(format!("Computed {} in {} s.", arguments.label, arguments.seconds))
}

async fn confirm_delete(arguments: Delete, context: Context) -> Result<String, Failure> {
    let text = format!("Delete {}?", arguments.filename);
    let answer = context.elicit("confirm", ask_for("confirm", "boolean", &text)).await?;
    let confirmed =
        answer.content.as_ref().and_then(|content| content.member("confirm")?.parse::<bool>().ok());
    Ok(match confirmed {
        Some(true) => format!("Deleted {}.", arguments.filename),
        _ => format!("Kept {}.", arguments.filename),
    })
}

async fn multi_input(context: Context) -> Result<String, Failure> {
    let questions = Questions::new()
        .elicit("first_name", ask_for("name", "string", "What is your first name?"))
        .elicit("last_name", ask_for("name", "string", "What is your last name?"));
    let answers = context.ask(questions).await?;
    let first = filled_in(&answers.elicited("first_name")?, "name").unwrap_or_default();
    let last = filled_in(&answers.elicited("last_name")?, "name").unwrap_or_default();
    Ok(format!("Hello, {first} {last}!"))
}

async fn round_then_task(context: Context) -> Result<String, Failure> {
    let answer = context.elicit("user_name", ask_for("name", "string", "What is your name?")).await?;
    context.continue_as_task().await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    Ok(format!("Hello, {}!", filled_in(&answer, "name").unwrap_or_else(|| "stranger".to_owned())))
}
