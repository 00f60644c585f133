//! Serves two tools over HTTP until it is interrupted.
//!
//! ```text
//! cargo run -p car-mcp-http --features server --example serve_http -- 127.0.0.1:3001
//! ```

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure, Json, NoArguments, Server, tool};
use car_mcp_http::server::{HttpServer, McpService};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Sum {
    /// The first number.
    a: i64,
    /// The second number.
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Total {
    total: i64,
}

async fn add(sum: Sum, _: Context) -> Result<Json<Total>, Failure> {
    let total = sum.a.checked_add(sum.b).ok_or_else(|| Failure::new("the sum is too large"))?;
    Ok(Json(Total { total }))
}

async fn whoami(_: NoArguments, context: Context) -> Result<String, Failure> {
    let client = context.client().map_or("somebody", |client| &client.name);
    Ok(format!("{client}, speaking {}", context.version()))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::builder(Implementation::new("example"))
        .tool(tool("add", "Adds two numbers").run(add))
        .tool(tool("whoami", "Tells who is asking").run(whoami))
        .build()?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3001".to_owned());
    let listener = HttpServer::bind(address).await?;
    println!("{}/mcp", listener.url());
    listener.serve(McpService::new(server)).await;
    Ok(())
}
