//! A daemon with servers behind it and MCP clients in front of it, of either era.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use car_connectors::mcp::proto::RawJson;
use car_connectors::mcp::proto::capability::{ClientCapabilities, Implementation};
use car_connectors::mcp::proto::elicitation::{ElicitParams, ElicitResult};
use car_connectors::mcp::proto::logging::LoggingMessageParams;
use car_connectors::mcp::proto::negotiate::EraPreference;
use car_connectors::mcp::proto::roots::ListRootsResult;
use car_connectors::mcp::proto::sampling::{CreateMessageParams, CreateMessageResult};
use car_connectors::mcp::transport::BoxFuture;
use car_connectors::mcp::{CallOptions, ClientHandler, Error, Refusal, Session};
use car_connectors::store::SecretMode;
use car_connectors::{ConnectorManager, ManagerOptions, NewConnector, ToolSelection};
use car_mcp_http::HttpTransport;
use car_mcp_http::http_client::{Client, HeaderValue, Target, header};
use car_testkit::double::Era;
use car_testkit::everything::{Everything, Options};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Running, home};

/// How long a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Every pair of eras: of the client in front, of the server behind.
pub(super) const PAIRS: [(Era, Era); 4] = [
    (Era::Modern, Era::Modern),
    (Era::Modern, Era::Legacy),
    (Era::Legacy, Era::Modern),
    (Era::Legacy, Era::Legacy),
];

/// A daemon whose one connector `all` has one of everything, all of it enabled and shared.
pub(super) struct Stage {
    pub(super) daemon: Running,
    /// Serves for as long as it is kept.
    _behind: Everything,
}

/// Starts a server of an era.
pub(super) async fn everything(era: Era) -> Everything {
    let mut options = Options::default();
    options.era = era;
    Everything::start(options).await.unwrap()
}

/// Adds a connector with everything enabled and shared, as another process would.
pub(super) async fn add(folder: &TempDir, name: &str, url: &str) {
    let options = ManagerOptions::new(home(folder)).with_secrets(SecretMode::File);
    let manager = ConnectorManager::load(options).await.unwrap();
    manager.add(NewConnector::remote(name, url)).await.unwrap();
    manager.enable_tools(name, &ToolSelection::All).await.unwrap();
    manager.share(name, Some(true), Some(true)).await.unwrap();
    manager.close().await;
}

impl Stage {
    pub(super) async fn new(behind: Era) -> Self {
        let behind = everything(behind).await;
        let folder = tempfile::tempdir().unwrap();
        add(&folder, "all", behind.url()).await;
        let stage = Self { daemon: Running::start_in(folder).await, _behind: behind };
        // Prompts are known once the connector has been dialed, which the daemon does by itself.
        let client = stage.client(Era::Modern, &Person::new()).await;
        let listed = async {
            while client.list_prompts().await.unwrap().items.is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listed).await.expect("the prompts never came");
        stage
    }

    /// Connects a client, as whoever has the daemon's own token.
    pub(super) async fn client(&self, era: Era, handler: &Arc<Person>) -> Session {
        connect(&self.daemon, "/mcp", &self.daemon.token, era, handler).await.unwrap()
    }
}

/// Connects a client.
pub(super) async fn connect(
    daemon: &Running,
    path: &str,
    token: &str,
    era: Era,
    handler: &Arc<Person>,
) -> Result<Session, Error> {
    let preference = match era {
        Era::Legacy => EraPreference::Legacy,
        _ => EraPreference::Modern,
    };
    let target = Target::parse(&format!("{}{path}", daemon.url)).unwrap();
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let transport = HttpTransport::builder(Client::new().unwrap(), target)
        .header(header::AUTHORIZATION, value)
        .unwrap()
        .build();
    let handler = Arc::clone(handler) as Arc<dyn ClientHandler>;
    Session::builder(Implementation::new("test")).era(preference).handler(handler).connect(transport).await
}

/// Calls a tool, and returns its result.
pub(super) async fn call(session: &Session, tool: &str, arguments: &str, options: &CallOptions) -> Value {
    try_call(session, tool, arguments, options).await.unwrap()
}

pub(super) async fn try_call(
    session: &Session,
    tool: &str,
    arguments: &str,
    options: &CallOptions,
) -> Result<Value, Error> {
    let arguments = RawJson::from_text(arguments).unwrap();
    let result = session.call_tool_raw(tool, arguments.as_raw(), options).await?;
    Ok(result.text.parse().unwrap())
}

/// Waits until something is so that only another program's doing can make so.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it never came to be so");
}

/// Returns the first text of a result.
pub(super) fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

/// Answers everything at once, and remembers what was asked and logged.
pub(super) struct Person {
    capabilities: ClientCapabilities,
    pub(super) asked: Mutex<Vec<String>>,
    pub(super) logged: Mutex<Vec<String>>,
}

impl Person {
    /// Somebody who can be asked everything.
    pub(super) fn new() -> Arc<Self> {
        Self::who_can(r#"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{"listChanged":true}}"#)
    }

    pub(super) fn who_can(capabilities: &str) -> Arc<Self> {
        let capabilities = serde_json::from_str(capabilities).unwrap();
        Arc::new(Self { capabilities, asked: Mutex::default(), logged: Mutex::default() })
    }

    pub(super) fn was_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl ClientHandler for Person {
    fn capabilities(&self) -> ClientCapabilities {
        self.capabilities.clone()
    }

    fn elicit(&self, request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        self.asked.lock().unwrap().push(request.message);
        let content =
            [("name", r#""Ada""#), ("color", r#""green""#), ("ok", "true"), ("username", r#""ada""#)];
        let content = content.map(|(name, value)| (name, RawJson::from_text(value).unwrap()));
        Box::pin(async move { Ok(ElicitResult::accept(content.into_iter().collect())) })
    }

    fn create_message(&self, _: CreateMessageParams) -> BoxFuture<'_, Result<CreateMessageResult, Refusal>> {
        self.asked.lock().unwrap().push("the model".to_owned());
        let answer = r#"{"role":"assistant","content":{"type":"text","text":"Well met"},"model":"m"}"#;
        Box::pin(async move { Ok(serde_json::from_str(answer).unwrap()) })
    }

    fn list_roots(&self) -> BoxFuture<'_, Result<ListRootsResult, Refusal>> {
        self.asked.lock().unwrap().push("the roots".to_owned());
        Box::pin(async move { Ok(serde_json::from_str(r#"{"roots":[{"uri":"file:///x"}]}"#).unwrap()) })
    }

    fn log(&self, message: LoggingMessageParams) {
        self.logged.lock().unwrap().push(message.data.as_str().to_owned());
    }
}
