//! An MCP client that calls tools, one call after the other on one connection.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The largest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The revision that it speaks.
const REVISION: &str = "2026-07-28";

/// An MCP client of the newest revision on one connection.
#[derive(Debug)]
pub struct McpCaller {
    stream: TcpStream,
    head: String,
    next: u64,
}

impl McpCaller {
    /// Connects to an MCP endpoint, `http://ADDRESS:PORT/PATH`, to show a token there.
    ///
    /// # Errors
    /// Says that the URL is none, or that nobody listens there.
    pub async fn connect(url: &str, token: &str) -> io::Result<Self> {
        let wrong = || io::Error::other(format!("expected http://ADDRESS:PORT/PATH, found {url:?}"));
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (address, path) = rest.split_once('/').ok_or_else(wrong)?;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST /{path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\nmcp-protocol-version: {REVISION}\r\nmcp-method: tools/call\r\n"
        );
        Ok(Self { stream, head, next: 0 })
    }

    /// Calls a tool, and returns the whole answer: a JSON-RPC message. `trace` is a W3C `traceparent`, by which the call can
    /// be found again.
    ///
    /// # Errors
    /// Says that the connection broke, or that what came is no answer.
    pub async fn call(&mut self, tool: &str, arguments: &Value, trace: Option<&str>) -> io::Result<Value> {
        self.next += 1;
        let mut meta = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        if let Some(trace) = trace {
            meta["traceparent"] = trace.into();
        }
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let body = json!({ "jsonrpc": "2.0", "id": self.next, "method": "tools/call", "params": params })
            .to_string();
        let request =
            format!("{}mcp-name: {tool}\r\ncontent-length: {}\r\n\r\n{body}", self.head, body.len());
        self.stream.write_all(request.as_bytes()).await?;
        let (status, body) = tokio::time::timeout(PATIENCE, self.answer()).await??;
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        answer.filter(|answer| answer["id"] == self.next).ok_or_else(|| {
            let text = String::from_utf8_lossy(&body).into_owned();
            io::Error::other(format!("expected an answer to a call, found status {status}: {text}"))
        })
    }

    /// Reads a whole answer that says its length, and returns its status and body.
    async fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        let mut read = Vec::new();
        let end = loop {
            if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if read.len() > MAX_HEAD_BYTES {
                return Err(io::Error::other("expected an answer, found a head without end"));
            }
            if self.stream.read_buf(&mut read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
        let wrong = || io::Error::other(format!("expected an answer with a length, found {head:?}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(wrong)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.and_then(|length| length.trim().parse().ok()).ok_or_else(wrong)?;
        let mut body = read.split_off(end);
        let have = body.len();
        body.resize(length.max(have), 0);
        self.stream.read_exact(&mut body[have..]).await?;
        Ok((status, body))
    }
}
