//! Serves a few tools on its standard streams, to clients of either era.
//!
//! ```text
//! cargo build -p car-mcp-stdio --example serve_tools
//! cargo run -p car-mcp-stdio --example local_server -- target/debug/examples/serve_tools
//! ```

use std::time::Duration;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::elicitation::ElicitParams;
use car_mcp::server::{Context, Failure, Json, NoArguments, Server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Text {
    /// What to say.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Wait {
    /// For how long, in milliseconds.
    milliseconds: u64,
}

#[derive(Serialize, JsonSchema)]
struct Counted {
    /// How many characters there are.
    characters: usize,
}

async fn echo(text: Text, _: Context) -> Result<String, Failure> {
    Ok(text.text)
}

async fn count(text: Text, _: Context) -> Result<Json<Counted>, Failure> {
    Ok(Json(Counted { characters: text.text.chars().count() }))
}

async fn wait(wait: Wait, context: Context) -> Result<&'static str, Failure> {
    context.progress(0.0, Some(1.0), Some("waiting")).await;
    tokio::time::sleep(Duration::from_millis(wait.milliseconds)).await;
    context.progress(1.0, Some(1.0), None).await;
    Ok("waited")
}

/// Asks the user: one call here, whatever the client's era makes of it.
async fn greet(_: NoArguments, context: Context) -> Result<String, Failure> {
    let answer = context.elicit("name", ElicitParams::new("What is your name?")).await?;
    let name = answer.content.and_then(|content| content.member("name")?.parse::<String>().ok());
    Ok(format!("Hello, {}!", name.as_deref().unwrap_or("whoever you are")))
}

/// Adds a tool while serving, of which clients are told.
async fn grow(_: NoArguments, context: Context) -> Result<&'static str, Failure> {
    let grown = |_: NoArguments, _: Context| async { Ok::<_, Failure>("new") };
    context.server().add_tool(tool("grown", "Was not here before").run(grown))?;
    Ok("there is one more")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder(Implementation::new("serve_tools"))
        .tool(tool("echo", "Says what it is told").run(echo))
        .tool(tool("count", "Counts characters").run(count))
        .tool(tool("wait", "Waits a while").run(wait))
        .tool(tool("greet", "Greets the user by name").run(greet))
        .tool(tool("grow", "Adds a tool").run(grow))
        .build()?;
    Ok(car_mcp_stdio::serve_stdio(server).await?)
}
