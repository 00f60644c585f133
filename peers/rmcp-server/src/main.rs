//! A small MCP server on rmcp, to test our client against a server that is not ours. Prints its URL when it can be used.

use std::time::Duration;

use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::tool::InputResponses;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{
    CallToolResponse, CallToolResult, ContentBlock, ElicitRequest, ElicitRequestParams, ErrorData,
    InputRequest, InputRequests, InputRequiredResult, ProgressNotificationParam, RequestMetaObject,
    ServerCapabilities, ServerConfig,
};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{Peer, RoleServer, ServerHandler, schemars, tool, tool_handler, tool_router};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Echo {
    message: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Add {
    a: f64,
    b: f64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Sleep {
    ms: u64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Progress {
    steps: u32,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct City {
    city: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Large {
    bytes: usize,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Weather {
    temperature: f64,
    conditions: String,
}

#[derive(Clone)]
struct RustPeer {
    tools: ToolRouter<Self>,
}

#[tool_router]
impl RustPeer {
    fn new() -> Self {
        Self { tools: Self::tool_router() }
    }

    #[tool(description = "Gives back the message")]
    fn echo(&self, Parameters(Echo { message }): Parameters<Echo>) -> String {
        message
    }

    #[tool(description = "Adds two numbers")]
    fn add(&self, Parameters(Add { a, b }): Parameters<Add>) -> String {
        (a + b).to_string()
    }

    #[tool(description = "Waits, then says how long")]
    async fn sleep(&self, Parameters(Sleep { ms }): Parameters<Sleep>) -> String {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        format!("Slept {ms} ms.")
    }

    #[tool(description = "Always answers with a tool error")]
    fn fail(&self) -> CallToolResult {
        CallToolResult::error(vec![ContentBlock::text("this tool always fails")])
    }

    #[tool(description = "Reports progress before it answers")]
    async fn progress(
        &self,
        Parameters(Progress { steps }): Parameters<Progress>,
        meta: RequestMetaObject,
        client: Peer<RoleServer>,
    ) -> String {
        for step in 1..=steps {
            if let Some(token) = meta.get_progress_token() {
                let report =
                    ProgressNotificationParam::new(token, f64::from(step)).with_total(f64::from(steps));
                // A client that does not want to hear of it still gets its answer.
                let _unheard = client.notify_progress(report).await;
            }
        }
        format!("Done in {steps} steps.")
    }

    #[tool(description = "Asks the user for a name, and greets; in the modern era only")]
    async fn ask(&self, InputResponses(answers): InputResponses) -> Result<CallToolResponse, ErrorData> {
        let Some(answers) = answers else {
            let schema = serde_json::json!({
                "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"],
            });
            let params = ElicitRequestParams::FormElicitationParams {
                meta: None,
                message: "Who are you?".into(),
                requested_schema: serde_json::from_value(schema)
                    .map_err(|error| ErrorData::internal_error(error.to_string(), None))?,
            };
            let question = InputRequest::Elicitation(ElicitRequest::new(params));
            let questions: InputRequests = [("name".to_owned(), question)].into_iter().collect();
            return Ok(InputRequiredResult::new(Some(questions), None).into());
        };
        let name = answers.get("name").and_then(|answer| answer["content"]["name"].as_str());
        let name = name.ok_or_else(|| ErrorData::invalid_params("expected a name", None))?;
        Ok(CallToolResult::success(vec![ContentBlock::text(format!("Hello, {name}!"))]).into())
    }

    #[tool(description = "Answers with structured weather data")]
    fn structured(&self, Parameters(City { city }): Parameters<City>) -> Json<Weather> {
        Json(Weather { temperature: 21.5, conditions: format!("Sunny in {city}") })
    }

    #[tool(description = "Answers with a text of the wanted size")]
    fn large(&self, Parameters(Large { bytes }): Parameters<Large>) -> String {
        "x".repeat(bytes.min(64 * 1024 * 1024))
    }
}

#[tool_handler(router = self.tools)]
impl ServerHandler for RustPeer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let service: StreamableHttpService<RustPeer, LocalSessionManager> = StreamableHttpService::new(
        || Ok(RustPeer::new()),
        Default::default(),
        StreamableHttpServerConfig::default(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/mcp", listener.local_addr()?);
    axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await
}
