//! HTTP by hand: what is sent is exactly what an attack wants to send.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// How long a server may take to say anything at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// The buffer of a client that reads slowly, in bytes.
const NARROW: u32 = 4096;

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
}

impl Server {
    pub(crate) fn from_url(url: &str) -> io::Result<Self> {
        let wrong = || io::Error::other(format!("expected http://ADDRESS:PORT/PATH, found {url:?}"));
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (address, path) = rest.split_once('/').ok_or_else(wrong)?;
        Ok(Self { address: address.parse().map_err(|_| wrong())?, path: format!("/{path}") })
    }

    pub(crate) async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Connects with so small a buffer that what is not read stays with the server.
    pub(crate) async fn connect_narrow(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW)?;
        socket.connect(self.address).await
    }

    /// Returns the head of a POST: the headers that every revision wants, those given, and the empty line.
    pub(crate) fn post_head(&self, headers: &[(&str, &str)]) -> String {
        let mut head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n",
            self.path, self.address
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head
    }

    /// Returns a whole modern request.
    pub(crate) fn modern(&self, method: &str, name: Option<&str>, params: &str) -> Vec<u8> {
        let comma = if params.is_empty() { "" } else { "," };
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}},"progressToken":"p"}}{comma}{params}}}}}"#
        );
        let length = body.len().to_string();
        let mut headers = vec![
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", method),
            ("Content-Length", &*length),
        ];
        headers.extend(name.map(|name| ("Mcp-Name", name)));
        (self.post_head(&headers) + &body).into_bytes()
    }
}

/// Reads until the end of the head, and returns the status and what was read.
pub(crate) async fn read_head(stream: &mut TcpStream) -> io::Result<(u16, Vec<u8>)> {
    let mut read = Vec::new();
    while !read.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut chunk = [0; 4096];
        let count = tokio::time::timeout(PATIENCE, stream.read(&mut chunk)).await??;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.extend_from_slice(&chunk[..count]);
    }
    let status =
        std::str::from_utf8(read.get(9..12).unwrap_or_default()).ok().and_then(|text| text.parse().ok());
    Ok((status.unwrap_or(0), read))
}

/// Reads a whole answer that says its length; returns its status and body.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> io::Result<(u16, Vec<u8>)> {
    let (status, mut read) = read_head(stream).await?;
    let end = read.windows(4).position(|window| window == b"\r\n\r\n").expect("the head was read") + 4;
    let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|value| value.trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("expected an answer with a length, found {head:?}")))?;
    let mut body = read.split_off(end);
    let have = body.len();
    body.resize(length, 0);
    if have < length {
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut body[have..])).await??;
    }
    Ok((status, body))
}

/// Sends bytes on a connection of their own and tells how the server answered; nothing where it just closed.
pub(crate) async fn send_once(server: &Server, bytes: &[u8]) -> io::Result<Option<u16>> {
    let mut stream = server.connect().await?;
    // A server that has seen enough may close before everything is written; what counts is what it answers.
    let _written = stream.write_all(bytes).await;
    match read_head(&mut stream).await {
        Ok((status, _)) => Ok(Some(status)),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(error),
        Err(_) => Ok(None),
    }
}
