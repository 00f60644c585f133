//! Requests as lines of text, so that nothing between the test and the server makes them good.

use car_mcp::proto::RawJson;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::content::ContentBlock;
use car_mcp::proto::elicitation::ElicitParams;
use car_mcp::proto::tool::{CallToolResult, Tool};
use car_mcp::server::{Context, Failure, NoArguments, Server, ServerTool, tool};
use car_mcp_http::server::McpService;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::serving::{MODERN, Serving, read_to_end};

/// What a client says of itself at the least.
pub(super) fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// A request that is nearly right.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Wire {
    /// Returns a POST with nothing but what HTTP wants.
    pub(super) fn post(body: impl Into<Vec<u8>>) -> Self {
        let headers = Vec::new();
        Self { headers, body: body.into() }
            .with("Content-Type", "application/json")
            .with("Accept", "application/json, text/event-stream")
    }

    /// Returns a modern request that is right.
    pub(super) fn modern(method: &str, name: Option<&str>, mut params: Value) -> Self {
        if params.get("_meta").is_none() {
            params["_meta"] = meta(json!({}));
        }
        let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        Self::post(body.to_string()).named(method, name)
    }

    /// Returns a call of a tool that is right.
    pub(super) fn call(tool: &str, arguments: Value) -> Self {
        Self::modern("tools/call", Some(tool), json!({"name": tool, "arguments": arguments}))
    }

    /// Adds the headers of a modern request.
    pub(super) fn named(self, method: &str, name: Option<&str>) -> Self {
        let wire = self.with("MCP-Protocol-Version", MODERN).with("Mcp-Method", method);
        name.into_iter().fold(wire, |wire, name| wire.with("Mcp-Name", name))
    }

    /// Adds a header, beside one of its name that may be there.
    pub(super) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Takes headers away.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self
    }

    /// Sets a header.
    pub(super) fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).with(name, value)
    }

    /// Returns the request as it stands on the wire.
    pub(super) fn bytes(&self, line: &str) -> Vec<u8> {
        let mut bytes = format!("{line} HTTP/1.1\r\nHost: localhost\r\n").into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b":", value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", self.body.len()).as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Sends it on a connection of its own.
    pub(super) async fn send(self, serving: &Serving) -> Heard {
        self.send_as("POST /mcp", serving).await
    }

    /// Sends it with another method, on a connection of its own.
    pub(super) async fn send_as(self, line: &str, serving: &Serving) -> Heard {
        let mut socket = serving.connect().await;
        socket.write_all(&self.with("Connection", "close").bytes(line)).await.unwrap();
        let mut all = hear(&read_to_end(&mut socket).await);
        assert_eq!(all.len(), 1, "one request has one answer: {all:?}");
        all.remove(0)
    }
}

/// One response, as it stood on the wire.
#[derive(Debug)]
pub(super) struct Heard {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("expected JSON, found {self:?}"))
    }

    /// Checks status, code and id; `null` stands for a response without one.
    #[track_caller]
    pub(super) fn assert_refused(&self, case: &str, status: u16, code: i64, id: &Value) {
        let answer = self.json();
        let found = (self.status, &answer["error"]["code"], answer.get("id").unwrap_or(&Value::Null));
        assert_eq!(found, (status, &json!(code), id), "{case}: {answer}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{case}");
    }

    /// Checks that it is the result of a tool that says this.
    #[track_caller]
    pub(super) fn assert_says(&self, case: &str, text: &str) {
        assert_eq!(self.status, 200, "{case}: {self:?}");
        assert_eq!(self.json()["result"]["content"][0]["text"], text, "{case}");
    }
}

/// Cuts what came over a connection into responses, each of which says how long it is.
pub(super) fn hear(mut text: &str) -> Vec<Heard> {
    let mut all = Vec::new();
    while let Some((head, rest)) = text.split_once("\r\n\r\n") {
        let status =
            head.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{text:?}"))[..3].parse().unwrap();
        let mut heard = Heard { status, head: head.to_owned(), body: String::new() };
        let length = heard.header("content-length").map_or(0, |length| length.parse().unwrap());
        let is_chunked = heard.header("transfer-encoding").is_some();
        let (body, left) = if is_chunked { (rest, "") } else { rest.split_at(length) };
        body.clone_into(&mut heard.body);
        all.push(heard);
        text = left;
    }
    assert!(text.is_empty(), "{text:?}");
    all
}

/// Returns a server whose tools say what they were given, and ask.
pub(super) fn server() -> Server {
    let schema = json!({"type": "object", "properties": {
        "text": {"type": "string", "x-mcp-header": "Text"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "flag": {"type": "boolean", "x-mcp-header": "Flag"},
        "place": {"type": "object", "properties": {"zone": {"type": "string", "x-mcp-header": "Zone"}}},
    }});
    let repeats = Tool::new("repeat", RawJson::from_value(&schema).unwrap());
    let repeat = |given: Option<car_mcp::server::JsonSlice>, _: Context| async move {
        let mut result = CallToolResult::new();
        let text = given.as_ref().map_or("", car_mcp::server::JsonSlice::as_str);
        result.content = vec![ContentBlock::text(text)];
        Ok::<_, Failure>(result)
    };
    let ask = |_: NoArguments, context: Context| async move {
        let answer = context.elicit("name", ElicitParams::new("Who are you?")).await?;
        Ok::<_, Failure>(answer.action.as_str().to_owned())
    };
    let greet = |_: NoArguments, _: Context| async { Ok::<_, Failure>("hello") };
    Server::builder(Implementation::new("example"))
        .tool(ServerTool::raw(repeats, repeat))
        .tool(tool("ask", "Asks").run(ask))
        .tool(tool("greet", "Greets").run(greet))
        .tool(tool("=?base64?YQ==", "Has half a marker in its name").run(greet))
        .tool(tool("YQ==?=", "Has the other half").run(greet))
        .build()
        .unwrap()
}

/// Serves these tools on a port of their own.
pub(super) async fn serve() -> Serving {
    Serving::start(McpService::new(server())).await
}
