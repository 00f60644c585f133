//! Goes through our server with rmcp and prints one line of JSON for each thing seen.
//!
//! usage: peer-rmcp-client JOB, where JOB is `{"modern": …, "url": …}`; with `token` and `servers` too, it goes through
//! those servers behind the daemon

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams,
    ElicitResult, ElicitationAction, ErrorData, JsonObject, ProgressNotificationParam, ProtocolVersion,
    SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Only the service that runs, not its peer, goes through rounds of questions.
type Client = RunningService<RoleClient, Handler>;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A change is told at once; this is how long a slow machine may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says yes to the user's form, and remembers what it was told.
#[derive(Clone, Default)]
struct Handler {
    steps: Arc<Mutex<Vec<f64>>>,
    changed: Arc<Notify>,
}

impl Handler {
    fn take_steps(&self) -> Vec<f64> {
        std::mem::take(&mut *self.steps.lock().expect("nothing panics while it holds the list"))
    }
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.capabilities = ClientCapabilities::builder().enable_elicitation().build();
        info
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let mut result = ElicitResult::new(ElicitationAction::Accept);
        result.content = Some(json!({ "name": "Ada" }));
        Ok(result)
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.steps.lock().expect("nothing panics while it holds the list").push(told.progress);
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

// On one thread: rmcp hands each notification to a task of its own, and on several they overtake each other and the answer.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    // Only the first call in a process has an effect, and that is enough.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let job: Value = serde_json::from_str(&std::env::args().nth(1).ok_or("expected a job")?)?;
    let is_modern = job["modern"] == true;
    let lifecycle = if is_modern {
        ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
    } else {
        ClientLifecycleMode::Initialize
    };
    let handler = Handler::default();
    let url = job["url"].as_str().ok_or("expected a url")?.to_owned();
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    if let Some(token) = job["token"].as_str() {
        config = config.auth_header(token);
    }
    let transport = StreamableHttpClientTransport::from_config(config);
    let client = handler.clone().serve_with_lifecycle(transport, lifecycle).await?;
    let version = client.peer_info().map(|info| info.protocol_version.clone());
    say(&json!({ "saw": "connect", "version": version }));
    let tools = client.list_all_tools().await?;
    if let Some(servers) = job["servers"].as_array() {
        let names: Vec<_> = tools.iter().map(|tool| &*tool.name).collect();
        say(&json!({ "saw": "list", "tools": names }));
        for server in servers {
            through(&client, &handler, server).await?;
        }
        client.cancel().await?;
        return Ok(());
    }
    say(&json!({ "saw": "list", "tools": tools.len() }));
    say(&json!({ "saw": "call", "text": call(&client, "echo", json!({ "message": "hello" })).await? }));
    call(&client, "test_tool_with_progress", json!({})).await?;
    say(&json!({ "saw": "progress", "steps": handler.take_steps() }));
    see_a_change(&client, &handler, is_modern).await?;
    say(&json!({ "saw": "elicitation", "text": call(&client, "elicit", json!({})).await? }));
    client.cancel().await?;
    Ok(())
}

/// Calls every tool of one of the servers behind the daemon, and looks at what three of them do on the way.
async fn through(client: &Client, handler: &Handler, server: &Value) -> Result<(), Failure> {
    let of = &server["name"];
    let run = async |one: &Value| {
        let tool = one["tool"].as_str().unwrap_or_default().to_owned();
        call(client, tool, one["arguments"].clone()).await
    };
    let mut failed = Vec::new();
    for one in server["calls"].as_array().into_iter().flatten() {
        if let Err(error) = run(one).await
            && one["may_err"] != true
        {
            failed.push(format!("{}: {error}", one["tool"]));
        }
    }
    say(&json!({ "saw": "calls", "of": of, "failed": failed }));
    say(&json!({ "saw": "call", "of": of, "text": run(&server["echo"]).await? }));
    handler.take_steps();
    run(&server["progress"]).await?;
    say(&json!({ "saw": "progress", "of": of, "steps": handler.take_steps() }));
    say(&json!({ "saw": "elicitation", "of": of, "text": run(&server["elicitation"]).await? }));
    Ok(())
}

/// In the modern era changes are told on a stream that the client asks for.
async fn see_a_change(client: &Client, handler: &Handler, is_modern: bool) -> Result<(), Failure> {
    if is_modern {
        let filter = SubscriptionFilter::builder().tools_list_changed().build();
        let mut subscription = client.listen(filter).await?;
        call(client, "change_tools", json!({})).await?;
        tokio::time::timeout(PATIENCE, subscription.next()).await??.ok_or("the subscription ended")?;
    } else {
        call(client, "change_tools", json!({})).await?;
        tokio::time::timeout(PATIENCE, handler.changed.notified()).await?;
    }
    say(&json!({ "saw": "change" }));
    Ok(())
}

async fn call(client: &Client, name: impl Into<String>, arguments: Value) -> Result<String, Failure> {
    let arguments: JsonObject = serde_json::from_value(arguments)?;
    let result: CallToolResult =
        client.call_tool(CallToolRequestParams::new(name.into()).with_arguments(arguments)).await?;
    let texts: Vec<_> =
        result.content.iter().filter_map(|block| Some(block.as_text()?.text.clone())).collect();
    Ok(texts.concat())
}

fn say(thing: &Value) {
    println!("{thing}");
}
