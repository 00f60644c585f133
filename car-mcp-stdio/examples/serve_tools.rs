//! Serves a few tools on its standard streams, to clients of either era.
//!
//! ```text
//! cargo build -p car-mcp-stdio --example serve_tools
//! cargo run -p car-mcp-stdio --example local_server -- target/debug/examples/serve_tools
//! ```

use std::time::Duration;

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure, Json, Server, tool};
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

async fn wait(wait: Wait, _: Context) -> Result<&'static str, Failure> {
    tokio::time::sleep(Duration::from_millis(wait.milliseconds)).await;
    Ok("waited")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder(Implementation::new("serve_tools"))
        .tool(tool("echo", "Says what it is told").run(echo))
        .tool(tool("count", "Counts characters").run(count))
        .tool(tool("wait", "Waits a while").run(wait))
        .build()?;
    Ok(car_mcp_stdio::serve_stdio(server).await?)
}
