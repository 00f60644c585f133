//! The tools of the double: small, one for each thing that a client can go through.

use std::time::Duration;

use car_mcp::proto::content::{ContentBlock, ResourceLink};
use car_mcp::server::{Context, Failure, Json, NoArguments, ServerBuilder, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::content::{embedded, image, sound};
use super::questions::{MAX_TOKENS, filled_in, form, message, said};

/// Between two progress reports: long enough to be apart on the wire, short enough for a test.
const PACE: Duration = Duration::from_millis(10);

/// The largest text that `large` makes.
const LARGEST: usize = 64 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    /// The text to give back
    message: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sum {
    a: f64,
    b: f64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sleep {
    /// Milliseconds to wait
    #[schemars(range(max = 600_000))]
    ms: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Steps {
    /// How many reports
    #[schemars(range(max = 1_000))]
    steps: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct City {
    city: String,
}

#[derive(Serialize, JsonSchema)]
struct Weather {
    temperature: f64,
    conditions: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Size {
    /// Size of the text
    bytes: usize,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Region {
    /// Where to run it; the header repeats it, so that a proxy can route by it
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
    /// What to run
    #[serde(default)]
    query: String,
}

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    // The first one is what a client picks that wants to call just any tool.
    let builder = builder
        .tool(
            tool("echo", "Gives back the message.")
                .run(|arguments: Echo, _| async move { Ok(arguments.message) }),
        )
        .tool(
            tool("add", "Adds two numbers.")
                .run(|arguments: Sum, _| async move { Ok((arguments.a + arguments.b).to_string()) }),
        )
        .tool(tool("sleep", "Waits, then says how long.").run(|arguments: Sleep, _| async move {
            tokio::time::sleep(Duration::from_millis(arguments.ms)).await;
            Ok(format!("Slept {} ms.", arguments.ms))
        }))
        .tool(
            tool("fail", "Always answers with a tool error.")
                .run(|_: NoArguments, _| async { Err::<String, _>(Failure::new("This tool always fails.")) }),
        )
        .tool(tool("structured", "Answers with structured weather data.").run(
            |arguments: City, _| async move {
                Ok(Json(Weather { temperature: 21.5, conditions: format!("Sunny in {}", arguments.city) }))
            },
        ))
        .tool(
            tool("large", "Answers with a text of the wanted size.")
                .run(|arguments: Size, _| async move { Ok("x".repeat(arguments.bytes.min(LARGEST))) }),
        )
        .tool(
            tool("content", "Answers with one content block of every kind.")
                .run(|_: NoArguments, _| async { Ok(every_kind()) }),
        )
        .tool(tool("regional", "Runs a query in a region.").run(|arguments: Region, _| async move {
            let what = if arguments.query.is_empty() {
                "Ran".to_owned()
            } else {
                format!("Ran {}", arguments.query)
            };
            Ok(format!("{what} in {}.", arguments.region))
        }))
        .tool(tool("progress", "Reports progress before it answers.").run(progress));
    interactive(builder)
}

fn interactive(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(
            tool("elicit", "Asks the user for a name and greets them.")
                .run(|_: NoArguments, context| elicit(context)),
        )
        .tool(tool("sample", "Asks the client's model for a completion.").run(
            |_: NoArguments, context: Context| async move {
                let answer = context.sample("kind", message("Say something kind.", MAX_TOKENS)).await?;
                Ok(format!("The model said: {}", said(&answer)))
            },
        ))
        .tool(tool("roots", "Asks the client for its roots.").run(
            |_: NoArguments, context: Context| async move {
                let roots = context.roots("roots").await?.roots;
                let uris: Vec<_> = roots.iter().map(|root| root.uri.as_str()).collect();
                Ok(format!("{} roots: {}", uris.len(), uris.join(", ")))
            },
        ))
        .tool(
            tool(
                "drop_stream",
                "Closes the stream at once; the answer waits to be fetched where streams can be resumed.",
            )
            .run(|_: NoArguments, context: Context| async move {
                context.close_stream().await;
                tokio::time::sleep(PACE).await;
                Ok("Fetched after the stream was lost.")
            }),
        )
}

async fn progress(arguments: Steps, context: Context) -> Result<String, Failure> {
    let total = f64::from(arguments.steps);
    for step in 1..=arguments.steps {
        tokio::time::sleep(PACE).await;
        context.progress(f64::from(step), Some(total), None).await;
    }
    Ok(format!("Done in {} steps.", arguments.steps))
}

async fn elicit(context: Context) -> Result<String, Failure> {
    let schema = r#"{
      "type": "object",
      "properties": {
        "name": { "type": "string", "title": "Your name", "default": "Ada" },
        "age": { "type": "integer", "minimum": 0, "default": 36 }
      },
      "required": ["name"]
    }"#;
    let answer = context.elicit("who", form("Who are you?", schema)).await?;
    Ok(match answer.action.as_str() {
        "accept" => {
            format!("Hello, {}!", filled_in(&answer, "name").unwrap_or_else(|| "stranger".to_owned()))
        }
        other => format!("The user chose to {other}."),
    })
}

fn every_kind() -> Vec<ContentBlock> {
    vec![
        ContentBlock::text("Text."),
        image(),
        sound(),
        ContentBlock::ResourceLink(ResourceLink::new("test://static-text", "static-text")),
        embedded("test://static-text", "text/plain", "A text."),
    ]
}
