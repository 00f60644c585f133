//! Our server, as its documentation shows it.

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure as ToolFailure, Server, tool};
use car_mcp_http::server::{Answers, HttpServer, LegacyMode, McpService};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Kind;
use crate::Failure;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    message: String,
}

async fn echo(arguments: Echo, _: Context) -> Result<String, ToolFailure> {
    Ok(arguments.message)
}

pub(super) async fn serve(kind: Kind) -> Result<(), Failure> {
    let mut info = Implementation::new("bench");
    info.version = "1.0.0".into();
    let server = Server::builder(info).tool(tool("echo", "Gives back the message").run(echo)).build()?;
    let service = McpService::builder(server)
        .legacy(if kind == Kind::OursStateless { LegacyMode::Stateless } else { LegacyMode::Sessions })
        .answers(if kind == Kind::OursModernSse { Answers::AlwaysStream } else { Answers::ByNeed })
        .build();
    let listening = HttpServer::bind("127.0.0.1:0").await?;
    println!("{}", listening.local_addr());
    listening.serve(service).await;
    Ok(())
}
