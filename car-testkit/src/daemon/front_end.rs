//! A front end: JSON-RPC over a WebSocket.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A front end that asks one thing after the other.
#[derive(Debug)]
pub struct FrontEnd {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next: u64,
}

impl FrontEnd {
    /// Connects to the daemon at a URL without a path, with a token.
    ///
    /// # Errors
    /// Says that nobody listens there, or that it is not let in.
    pub async fn connect(url: &str, token: &str) -> io::Result<Self> {
        let url = format!("{}/ws", url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().map_err(io::Error::other)?;
        let value = format!("Bearer {token}").parse().map_err(io::Error::other)?;
        request.headers_mut().insert("authorization", value);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(io::Error::other)?;
        Ok(Self { socket, next: 0 })
    }

    /// Asks, and returns the result. What is told meanwhile is passed over.
    ///
    /// # Errors
    /// Says that the connection broke, or what the daemon refused.
    pub async fn ask(&mut self, method: &str, params: Value) -> io::Result<Value> {
        self.next += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params });
        self.socket.send(Message::text(request.to_string())).await.map_err(io::Error::other)?;
        let mut answer = tokio::time::timeout(PATIENCE, self.answer()).await??;
        match answer["error"].is_null() {
            true => Ok(answer["result"].take()),
            false => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{method}: {}", answer["error"])))
            }
        }
    }

    async fn answer(&mut self) -> io::Result<Value> {
        loop {
            let message = self.socket.next().await.ok_or(io::ErrorKind::UnexpectedEof)?;
            let Message::Text(text) = message.map_err(io::Error::other)? else { continue };
            let message: Value = serde_json::from_str(text.as_str()).map_err(io::Error::other)?;
            if message["id"] == self.next {
                return Ok(message);
            }
        }
    }
}
