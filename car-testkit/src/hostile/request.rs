//! Reads one HTTP/1.1 request from a socket, as simply as possible.

use std::io;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;

use crate::ledger::Seen;

/// The largest body read. The clients under test are ours: this only stops an accident.
const BODY_CAP: usize = 64 * 1024 * 1024;

pub(super) struct Request {
    pub(super) seen: Seen,
    pub(super) message: Value,
}

/// Reads a request; `None` when the client closed the connection instead.
pub(super) async fn read(socket: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if socket.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let mut parts = line.split_whitespace();
    let http_method = parts.next().and_then(|method| method.parse().ok()).unwrap_or(Method::GET);
    let path = parts.next().unwrap_or("/").to_owned();
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value.trim())) {
            headers.append(name, value);
        }
    }
    let length = headers.get(http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let mut body = vec![0; length.and_then(|length| length.parse().ok()).unwrap_or(0).min(BODY_CAP)];
    socket.read_exact(&mut body).await?;
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let rpc_method = message["method"].as_str().map(str::to_owned);
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Some(Request { seen: Seen { http_method, path, rpc_method, headers, body }, message }))
}
