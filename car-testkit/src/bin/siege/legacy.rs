//! What only the era of sessions has.

use std::io;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::wire::{Server, read_head};

/// The revision that has batches.
pub(crate) const BATCHING: &str = "2025-03-26";
/// The newest revision that has sessions.
const NEWEST: &str = "2025-11-25";

/// Begins a session and opens its stream.
pub(crate) async fn open_stream(server: &Server) -> io::Result<TcpStream> {
    let session = begin_session(server, NEWEST).await?;
    let mut stream = server.connect().await?;
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nMcp-Session-Id: {session}\r\n\
         MCP-Protocol-Version: {NEWEST}\r\n\r\n",
        server.path, server.address
    );
    stream.write_all(request.as_bytes()).await?;
    match read_head(&mut stream).await? {
        (200, _) => Ok(stream),
        (status, _) => Err(io::Error::other(format!("expected a stream, found HTTP {status}"))),
    }
}

/// Begins a legacy session and returns its id.
pub(crate) async fn begin_session(server: &Server, version: &str) -> io::Result<String> {
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{version}","capabilities":{{}},"clientInfo":{{"name":"siege","version":"1"}}}}}}"#
    );
    let length = body.len().to_string();
    let mut stream = server.connect().await?;
    stream.write_all((server.post_head(&[("Content-Length", &length)]) + &body).as_bytes()).await?;
    let (_, head) = read_head(&mut stream).await?;
    // Reset, so that no port is kept back for it: thousands of sessions are begun like this.
    stream.set_zero_linger()?;
    let head = String::from_utf8_lossy(&head).into_owned();
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("mcp-session-id"))
        .map(|(_, value)| value.trim().to_owned())
        .ok_or_else(|| io::Error::other(format!("expected a session id, found {head:?}")))
}
