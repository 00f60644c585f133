//! A server with a few tools on a port of its own, and clients that are no more than they look.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure, NoArguments, Server, tool};
use car_mcp_http::server::{ConnectionLimits, HttpServer, McpService, McpServiceBuilder};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

/// What no test should wait for longer than. Long, because a busy machine is slow; only failures wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The revision of modern requests.
pub(crate) const MODERN: &str = "2026-07-28";

#[derive(Deserialize, JsonSchema)]
struct Said {
    text: String,
    #[serde(default)]
    #[schemars(extend("type" = "string", "x-mcp-header" = "Region"))]
    region: Option<String>,
    #[serde(default)]
    #[schemars(extend("type" = "integer", "x-mcp-header" = "Count"))]
    count: Option<i64>,
}

/// What the tools do, seen from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stage {
    /// Lets one waiting call go on.
    pub(crate) go: Arc<Notify>,
    events: Arc<std::sync::Mutex<Option<mpsc::UnboundedSender<&'static str>>>>,
}

impl Stage {
    /// Returns a stage, and what happens on it: `began` and `dropped` or `ended` for each call of `wait`.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<&'static str>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let stage = Self::default();
        *stage.events.lock().unwrap() = Some(sender);
        (stage, receiver)
    }

    fn say(&self, event: &'static str) {
        if let Some(events) = &*self.events.lock().unwrap() {
            let _gone = events.send(event);
        }
    }

    /// Returns the server whose tools play here.
    pub(crate) fn server(&self) -> Server {
        let stage = self.clone();
        let wait = move |_: NoArguments, _: Context| {
            let stage = stage.clone();
            async move {
                let mut run = Run(stage.clone(), "dropped");
                stage.say("began");
                stage.go.notified().await;
                run.1 = "ended";
                Ok::<_, Failure>("waited")
            }
        };
        let echo = |said: Said, _: Context| async move {
            let _repeated = (said.region, said.count);
            Ok::<_, Failure>(said.text)
        };
        let large = |_: NoArguments, _: Context| async move { Ok::<_, Failure>("x".repeat(16 << 20)) };
        Server::builder(Implementation::new("example"))
            .tool(tool("echo", "Says what it is told").run(echo))
            .tool(tool("wait", "Waits until it is let go").run(wait))
            .tool(tool("large", "Says a lot").run(large))
            .build()
            .unwrap()
    }
}

/// One run of `wait`: says how it ended.
struct Run(Stage, &'static str);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

/// A server on a port of its own.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    pub(crate) task: JoinHandle<()>,
}

impl Serving {
    pub(crate) async fn start(service: McpService) -> Self {
        Self::start_with(service, ConnectionLimits::default()).await
    }

    pub(crate) async fn start_with(service: McpService, limits: ConnectionLimits) -> Self {
        let server = HttpServer::bind("127.0.0.1:0").await.unwrap().limits(limits);
        let address = server.local_addr();
        let (shutdown, told) = oneshot::channel();
        let ending = async move {
            let _either_way = told.await;
        };
        #[expect(clippy::disallowed_methods, reason = "the server runs beside the test")]
        let task = tokio::spawn(server.serve_until(service, ending));
        Self { address, shutdown: Some(shutdown), task }
    }

    /// Starts a server of these tools as it comes.
    pub(crate) async fn plain() -> Self {
        Self::start(McpService::new(Stage::default().server())).await
    }

    /// Starts a server that is described further.
    pub(crate) async fn described(describe: impl FnOnce(McpServiceBuilder) -> McpServiceBuilder) -> Self {
        Self::start(describe(McpService::builder(Stage::default().server())).build()).await
    }

    /// Tells the server to end.
    pub(crate) fn end(&mut self) {
        let _gone = self.shutdown.take().unwrap().send(());
    }

    /// Waits until the server has seen that it is to end.
    pub(crate) async fn until_nobody_listens(&self) {
        patiently(async {
            while TcpStream::connect(self.address).await.is_ok() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Reply {
        Reply::read(self.begin(request).await).await
    }

    /// Sends a request on a connection of its own, and returns once the head of the response is there.
    pub(crate) async fn begin(&self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        let host = self.address.to_string().parse().unwrap();
        request.headers_mut().entry("host").or_insert(host);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(self.connect().await)).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "hyper's client wants a task for each connection")]
        drop(tokio::spawn(connection));
        patiently(sender.send_request(request)).await.unwrap()
    }

    /// Writes these bytes on a connection of their own, and returns all that comes back until the server closes.
    pub(crate) async fn raw(&self, bytes: &str) -> String {
        let mut socket = self.connect().await;
        socket.write_all(bytes.as_bytes()).await.unwrap();
        read_to_end(&mut socket).await
    }
}

/// Reads until the server closes; a reset is a way of closing.
pub(crate) async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let _reset = patiently(socket.read_to_end(&mut read)).await;
    String::from_utf8_lossy(&read).into_owned()
}

/// Waits, but not for ever.
pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("expected something to happen in time")
}

/// A response that was read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) async fn read(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let body = patiently(body.collect()).await.unwrap().to_bytes();
        Self { status: head.status, headers: head.headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("expected JSON, found {self:?}"))
    }

    pub(crate) fn code(&self) -> Option<i64> {
        self.json()["error"]["code"].as_i64()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The data of each event.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(self.header("content-type"), Some("text/event-stream"));
        let text = String::from_utf8(self.body.to_vec()).unwrap();
        let events = text.split("\n\n").filter(|event| !event.is_empty() && *event != ":");
        events
            .map(|event| {
                let data =
                    event.strip_prefix("event: message\ndata: ").unwrap_or_else(|| panic!("{event:?}"));
                serde_json::from_str(data).unwrap()
            })
            .collect()
    }
}

/// A modern request with the headers that belong to it.
pub(crate) fn modern(method: &str, name: Option<&str>, params: Value) -> Request<Full<Bytes>> {
    let builder = Request::post("/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", MODERN)
        .header("mcp-method", method);
    let builder = name.into_iter().fold(builder, |builder, name| builder.header("mcp-name", name));
    builder.body(Full::from(message(method, params).to_string())).unwrap()
}

/// A call of a tool.
pub(crate) fn call(tool: &str, arguments: Value) -> Request<Full<Bytes>> {
    modern("tools/call", Some(tool), json!({"name": tool, "arguments": arguments}))
}

/// A modern request's text.
pub(crate) fn message(method: &str, mut params: Value) -> Value {
    if params.get("_meta").is_none() {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// The bytes of a call of `echo`, as they stand on the wire.
pub(crate) fn raw_echo(extra_headers: &str) -> String {
    raw_call("echo", &json!({"text": "hi"}), extra_headers)
}

/// The bytes of a call, as they stand on the wire.
pub(crate) fn raw_call(tool: &str, arguments: &Value, extra_headers: &str) -> String {
    let body = message("tools/call", json!({"name": tool, "arguments": arguments})).to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nMCP-Protocol-Version: {MODERN}\r\n\
         Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\n{extra_headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
