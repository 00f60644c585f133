//! What the official conformance suite starts: one scenario, against the server whose URL is the last argument.
//!
//! The suite names the scenario, the revision and the scenario's data in the environment. Everything here uses the
//! public API of the crates; what a scenario needs, a user needs.

#![expect(clippy::print_stdout, reason = "the suite shows what the client printed beside what it checked")]

mod auth;

use std::sync::Arc;

use car_http::{Client, Target};
use car_mcp::proto::capability::{ClientCapabilities, Implementation};
use car_mcp::proto::content::{ContentBlock, Role};
use car_mcp::proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::proto::roots::ListRootsResult;
use car_mcp::proto::sampling::{CreateMessageParams, CreateMessageResult, SamplingContent};
use car_mcp::proto::tool::Tool;
use car_mcp::proto::{Members, RawJson};
use car_mcp::transport::BoxFuture;
use car_mcp::{CallOptions, ClientHandler, Refusal, Session};
use car_mcp_http::HttpTransport;
use serde::Deserialize;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The revision from which on there is no handshake.
const FIRST_MODERN: &str = "2026-07-28";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let url = std::env::args().next_back().ok_or("expected the server's URL as last argument")?;
    let scenario = std::env::var("MCP_CONFORMANCE_SCENARIO")?;
    let revision = std::env::var("MCP_CONFORMANCE_PROTOCOL_VERSION").unwrap_or_default();
    let era = match revision.as_str() {
        "" => EraPreference::Auto,
        revision if revision < FIRST_MODERN => EraPreference::Legacy,
        _ => EraPreference::Auto,
    };
    let target = Target::parse(&url)?;
    let mut transport = HttpTransport::builder(Client::new()?, target);
    if scenario.starts_with("auth/") {
        transport = transport.credentials(Arc::new(auth::credentials(&url)?));
    }
    let session = Session::builder(implementation())
        .handler(Arc::new(Agreeable))
        .era(era)
        .connect(transport.build())
        .await?;
    let outcome = run(&scenario, &session).await;
    session.close().await;
    outcome
}

fn implementation() -> Implementation {
    let mut implementation = Implementation::new("car-conformance-client");
    implementation.version = env!("CARGO_PKG_VERSION").to_owned();
    implementation
}

async fn run(scenario: &str, session: &Session) -> Result<(), Failure> {
    match scenario {
        "http-standard-headers" => standard_headers(session).await,
        "http-custom-headers" => given_calls(session).await,
        "json-schema-2020-12-preservation" => echo_schema(session).await,
        "json-schema-ref-no-deref" => list_tools(session).await,
        _ => call_every_tool(session).await,
    }
}

/// Lists the tools and nothing else.
async fn list_tools(session: &Session) -> Result<(), Failure> {
    for tool in &session.list_tools().await?.items {
        println!("{}", tool.name);
    }
    Ok(())
}

/// Lists the tools and calls each one with arguments made from its schema.
async fn call_every_tool(session: &Session) -> Result<(), Failure> {
    if session.server().capabilities.tools.is_none() {
        return Ok(());
    }
    for tool in &session.list_tools().await?.items {
        let result =
            session.call_tool(&tool.name, arguments_for(tool)?.as_raw(), &CallOptions::new()).await?;
        println!("{}: {:?}", tool.name, result.content);
    }
    Ok(())
}

/// Asks for one of each thing that has a standard header.
async fn standard_headers(session: &Session) -> Result<(), Failure> {
    call_every_tool(session).await?;
    let options = CallOptions::new();
    for resource in &session.list_resources().await?.items {
        println!("{:?}", session.read_resource(&resource.uri, &options).await?.contents);
    }
    for prompt in &session.list_prompts().await?.items {
        println!("{:?}", session.get_prompt(&prompt.name, &Members::new(), &options).await?.messages);
    }
    Ok(())
}

/// Makes exactly the calls that the suite asks for.
async fn given_calls(session: &Session) -> Result<(), Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Context {
        tool_calls: Vec<Call>,
    }
    #[derive(Deserialize)]
    struct Call {
        name: String,
        arguments: RawJson,
    }
    let context: Context = serde_json::from_str(&std::env::var("MCP_CONFORMANCE_CONTEXT")?)?;
    drop(session.list_tools().await?);
    for call in context.tool_calls {
        let result = session.call_tool(&call.name, call.arguments.as_raw(), &CallOptions::new()).await?;
        println!("{}: {:?}", call.name, result.content);
    }
    Ok(())
}

/// Sends a tool's schema back as it came.
async fn echo_schema(session: &Session) -> Result<(), Failure> {
    let tools = session.list_tools().await?;
    let subject =
        tools.items.iter().find(|tool| tool.name == "json_schema_2020_12_tool").ok_or("no such tool")?;
    let arguments: Members = [("schema", subject.input_schema.clone())].into_iter().collect();
    let arguments = RawJson::from_value(&arguments)?;
    let result = session.call_tool("json_schema_echo", arguments.as_raw(), &CallOptions::new()).await?;
    println!("{:?}", result.content);
    Ok(())
}

/// Makes the smallest arguments that a schema of plain properties accepts.
fn arguments_for(tool: &Tool) -> Result<RawJson, Failure> {
    #[derive(Deserialize)]
    struct Schema {
        #[serde(default)]
        properties: Members,
    }
    #[derive(Deserialize)]
    struct Property {
        #[serde(rename = "type", default)]
        kind: String,
    }
    let schema: Schema = tool.input_schema.parse()?;
    let mut arguments = Members::new();
    for (index, (name, property)) in schema.properties.iter().enumerate() {
        let value = match property.parse::<Property>()?.kind.as_str() {
            "number" | "integer" => RawJson::from_value(&(index + 2))?,
            "boolean" => RawJson::from_value(&true)?,
            "array" => RawJson::from_text("[]")?,
            "object" => RawJson::empty_object(),
            _ => RawJson::from_value(&"us-west1")?,
        };
        arguments.set(name, value);
    }
    Ok(RawJson::from_value(&arguments)?)
}

/// Says yes to everything.
struct Agreeable;

impl ClientHandler for Agreeable {
    fn capabilities(&self) -> ClientCapabilities {
        let mut capabilities = ClientCapabilities::new();
        capabilities.elicitation = Some([("form", RawJson::empty_object())].into_iter().collect());
        capabilities.sampling = Some(Members::new());
        capabilities.roots = Some(RawJson::empty_object());
        capabilities
    }

    fn elicit(&self, _request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        Box::pin(async { Ok(ElicitResult::accept(Members::new())) })
    }

    fn create_message(
        &self,
        _request: CreateMessageParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, Refusal>> {
        Box::pin(async {
            let content = SamplingContent::from(ContentBlock::text("yes"));
            Ok(CreateMessageResult::new(Role::ASSISTANT, content, "none"))
        })
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<ListRootsResult, Refusal>> {
        Box::pin(async { Ok(ListRootsResult::new(Vec::new())) })
    }
}
