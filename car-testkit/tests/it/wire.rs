//! A client that is nothing but a socket: one request, one connection.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a message is sent as.
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

/// An HTTP reply, whole.
pub(crate) struct Got {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line = self
            .head
            .lines()
            .find_map(|line| line.split_once(':').filter(|(found, _)| found.eq_ignore_ascii_case(name)));
        line.map(|(_, value)| value.trim())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    /// The messages of an event stream.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    pub(crate) fn last_event_id(&self) -> String {
        self.body.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned()
    }
}

/// Sends a request over HTTP/1.0, so that the body comes plain and ends with the connection.
pub(crate) async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Got {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let mut socket = TcpStream::connect(authority).await.unwrap();
    let mut head = format!(
        "{method} /{path} HTTP/1.0\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    socket.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A reset after the answer is as good as an end.
    let _reset = socket.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Got { status, head: head.to_owned(), body: body.to_owned() }
}

/// Sends a request of the modern era, right in every respect.
pub(crate) async fn modern(url: &str, method: &str, params: Value) -> Got {
    modern_with(url, method, params, &[]).await
}

/// Sends a request of the modern era with more headers.
pub(crate) async fn modern_with(url: &str, method: &str, params: Value, more: &[(&str, &str)]) -> Got {
    let mut params = params;
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    if params["_meta"]["io.modelcontextprotocol/clientCapabilities"].is_null() {
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    }
    let name = params["name"].as_str().or_else(|| params["uri"].as_str()).unwrap_or("-").to_owned();
    let headers = [JSON, ("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method), ("Mcp-Name", &name)];
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    send("POST", url, &[&headers, more].concat(), &message.to_string()).await
}

/// Opens a session of the legacy era and returns its id.
pub(crate) async fn open_session(url: &str, version: &str) -> String {
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let got = send("POST", url, &[JSON], &message.to_string()).await;
    assert_eq!(got.json()["result"]["protocolVersion"], version);
    got.header("mcp-session-id").unwrap().to_owned()
}

/// Calls a tool in a session of the legacy era.
pub(crate) async fn legacy_call(url: &str, session: &str, name: &str, arguments: Value) -> Got {
    let params = json!({ "name": name, "arguments": arguments, "_meta": { "progressToken": 7 } });
    let message = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    send("POST", url, &[JSON, ("Mcp-Session-Id", session)], &message.to_string()).await
}

/// A reply that is still coming.
pub(crate) struct Open {
    socket: TcpStream,
    read: String,
}

impl Open {
    /// Sends a request and does not wait for the end of the reply.
    pub(crate) async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let (authority, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut socket = TcpStream::connect(authority).await.unwrap();
        let mut head =
            format!("{method} /{path} HTTP/1.0\r\nHost: {authority}\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        socket.write_all(format!("{head}\r\n{body}").as_bytes()).await.unwrap();
        Self { socket, read: String::new() }
    }

    /// Reads until the text has come, and returns everything up to the end of its line.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        loop {
            let end = self.read.find(text).and_then(|at| self.read[at..].find('\n').map(|end| at + end + 1));
            if let Some(end) = end {
                return self.read.drain(..end).collect();
            }
            let mut bytes = [0; 1_024];
            let count = self.socket.read(&mut bytes).await.unwrap();
            assert!(count > 0, "the stream ended before {text}; it said {}", self.read);
            self.read.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    /// Reads until at least so many bytes have come or the reply has ended, and returns how many came.
    pub(crate) async fn bytes(&mut self, enough: usize) -> usize {
        let (mut count, mut bytes) = (0, vec![0; 16_384]);
        while count < enough {
            match self.socket.read(&mut bytes).await.unwrap() {
                0 => break,
                read => count += read,
            }
        }
        count
    }
}
