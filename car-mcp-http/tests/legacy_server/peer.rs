//! A client that is no more than it looks: it speaks to the service without a socket.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use car_mcp_http::server::{McpService, McpServiceBuilder, ResponseBody};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use crate::stage::Stage;

/// What no test should wait for longer than. Long, because a busy machine is slow; only failures wait for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits, but not for ever.
pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("expected something to happen in time")
}

/// One client.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) service: McpService,
    pub(crate) path: String,
    pub(crate) session: Option<String>,
    pub(crate) version: Option<&'static str>,
    pub(crate) token: Option<&'static str>,
    pub(crate) accept: &'static str,
}

/// Describes a service over the tools of a stage.
pub(crate) fn described(
    stage: &Stage,
    describe: impl FnOnce(McpServiceBuilder) -> McpServiceBuilder,
) -> McpService {
    describe(McpService::builder(stage.server())).build()
}

impl Peer {
    pub(crate) fn new(service: &McpService) -> Self {
        Self {
            service: service.clone(),
            path: "/mcp".to_owned(),
            session: None,
            version: None,
            token: None,
            accept: "application/json, text/event-stream",
        }
    }

    /// Returns a client of a service that is as it comes.
    pub(crate) fn plain() -> Self {
        Self::new(&McpService::new(Stage::default().server()))
    }

    /// Begins a session.
    pub(crate) async fn begin(&mut self, version: &'static str) {
        let reply = self.post(hello(version)).await.whole().await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        assert_eq!(reply.json()["result"]["protocolVersion"], version);
        self.session = reply.header("mcp-session-id").map(str::to_owned);
        self.version = Some(version);
        let accepted = self.post(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        assert_eq!(accepted.status, StatusCode::ACCEPTED);
    }

    /// Returns a client of this service with a session.
    pub(crate) async fn begun(service: &McpService) -> Self {
        let mut peer = Self::new(service);
        peer.begin("2025-11-25").await;
        peer
    }

    pub(crate) async fn post(&self, message: Value) -> Reply {
        self.post_text(message.to_string()).await
    }

    pub(crate) async fn post_text(&self, text: impl Into<Bytes>) -> Reply {
        self.send(Method::POST, &[("content-type", "application/json")], text.into()).await
    }

    pub(crate) async fn call(&self, id: u64, tool: &str) -> Reply {
        self.post(call(id, tool, json!({}))).await
    }

    pub(crate) async fn get(&self) -> Reply {
        self.send(Method::GET, &[], Bytes::new()).await
    }

    pub(crate) async fn resume(&self, last: &str) -> Reply {
        self.send(Method::GET, &[("last-event-id", last)], Bytes::new()).await
    }

    pub(crate) async fn delete(&self) -> Reply {
        self.send(Method::DELETE, &[], Bytes::new()).await
    }

    pub(crate) async fn send(&self, method: Method, headers: &[(&str, &str)], body: Bytes) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(&self.path)
            .header("host", "localhost")
            .header("accept", self.accept);
        let token = self.token.map(|token| format!("Bearer {token}"));
        for (name, value) in [
            ("mcp-session-id", self.session.as_deref()),
            ("mcp-protocol-version", self.version),
            ("authorization", token.as_deref()),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.service.handle(request.body(Full::new(body)).unwrap()).await;
        Reply::new(response)
    }

    pub(crate) fn push(&self, message: &'static str) -> bool {
        self.service.push_to_session(self.session.as_deref().unwrap(), message)
    }
}

pub(crate) fn hello(version: &str) -> Value {
    let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

pub(crate) fn call(id: u64, tool: &str, arguments: Value) -> Value {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params})
}

pub(crate) fn ping(id: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "ping"})
}

/// Returns the text of a call's result.
pub(crate) fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("expected a result, found {message}"))
}

/// An event as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) retry: Option<String>,
    pub(crate) data: String,
}

impl Event {
    fn read(text: &str) -> Self {
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_start().to_owned())
        };
        let data = field("data:").unwrap_or_else(|| panic!("expected data, found {text:?}"));
        Self { id: field("id:"), kind: field("event:"), retry: field("retry:"), data }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|_| panic!("expected JSON, found {self:?}"))
    }
}

/// A response whose body may still be coming. Dropping it is what a client does that vanishes.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: ResponseBody,
    text: String,
    events: VecDeque<Event>,
    pub(crate) comments: usize,
}

/// A response that was read to its end.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    fn new(response: Response<ResponseBody>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body,
            text: String::new(),
            events: VecDeque::new(),
            comments: 0,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.status == StatusCode::OK && self.header("content-type") == Some("text/event-stream")
    }

    pub(crate) async fn whole(self) -> Whole {
        let body = patiently(self.body.collect()).await.unwrap().to_bytes();
        Whole { status: self.status, headers: self.headers, body }
    }

    /// Waits for the next event; nothing at the end.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        assert!(self.is_stream(), "{self:?}");
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let frame = patiently(self.body.frame()).await?.unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                match event {
                    ":" => self.comments += 1,
                    event => self.events.push_back(Event::read(event)),
                }
                self.text = rest.to_owned();
            }
        }
    }

    /// Waits for the next message; priming events are none.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        loop {
            let event = self.event().await?;
            if !event.data.is_empty() {
                return Some(event.json());
            }
        }
    }

    /// Reads every message until the stream ends.
    pub(crate) async fn messages(mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(message) = self.message().await {
            messages.push(message);
        }
        messages
    }
}

impl Whole {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("expected JSON, found {self:?}"))
    }

    pub(crate) fn code(&self) -> i64 {
        self.json()["error"]["code"].as_i64().unwrap_or_else(|| panic!("expected an error, found {self:?}"))
    }
}
