//! A daemon on a state folder of its own, and a front end.

use std::net::SocketAddr;
use std::sync::Arc;

use car_connectors::ManagerOptions;
use car_connectors::store::{DaemonAddress, Home, SecretMode};
use car_server::{Daemon, DaemonOptions, Error};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::shapes;

/// A daemon that runs until it is stopped or dropped.
pub(crate) struct Running {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    pub(crate) token: String,
    stop: Arc<Notify>,
    served: JoinHandle<Result<(), Error>>,
}

/// Starts a daemon, with the rest of the options as given.
pub(crate) async fn start(home: &Home, options: DaemonOptions) -> Result<Daemon, Error> {
    // No source of services but those that a test names.
    std::fs::write(home.path().join("sources.toml"), "source = []\n").unwrap();
    let manager = ManagerOptions::new(home.clone()).with_secrets(SecretMode::File);
    Daemon::start(home, manager, options).await
}

pub(crate) fn home(folder: &TempDir) -> Home {
    Home::resolve(Some(folder.path()), |_| None).unwrap()
}

impl Running {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder).await
    }

    pub(crate) async fn start_in(folder: TempDir) -> Self {
        Self::start_with(folder, DaemonOptions::new()).await
    }

    pub(crate) async fn start_with(folder: TempDir, options: DaemonOptions) -> Self {
        let home = home(&folder);
        let daemon = start(&home, options).await.unwrap();
        let url = daemon.url().to_owned();
        let token = DaemonAddress::read(&home).unwrap().unwrap().token.expose().to_owned();
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let served = tokio::spawn(daemon.serve_until(async move { stopped.notified().await }));
        Self { folder, url, token, stop, served }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    pub(crate) async fn connect(&self) -> FrontEnd {
        self.connect_as(&self.token).await
    }

    /// Connects with another token.
    pub(crate) async fn connect_as(&self, token: &str) -> FrontEnd {
        let mut request = format!("{}/ws", self.url.replace("http", "ws")).into_client_request().unwrap();
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        FrontEnd { socket, next: 0 }
    }

    /// Sends one request, as written, and returns the answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut socket = TcpStream::connect(self.address()).await.unwrap();
        let mut request = format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(body);
        socket.write_all(request.as_bytes()).await.unwrap();
        Answer::read(socket).await
    }

    /// Asks as a program of this machine, with a token if there is one.
    pub(crate) async fn fetch(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let (host, bearer) = (self.address().to_string(), token.map(|token| format!("Bearer {token}")));
        let mut headers = vec![("host", host.as_str()), ("connection", "close")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.send(method, path, &headers, body).await
    }

    /// Lets a page in, as `car ui` and the page do, and returns its token.
    pub(crate) async fn page_token(&self) -> String {
        let code = self.fetch("POST", "/ui-code", Some(&self.token), "").await.json();
        let shown = json!({"code": code["code"]}).to_string();
        let host = self.address().to_string();
        let answer = self.send("POST", "/session", &[("host", &host), ("origin", &self.url)], &shown).await;
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// Opens a WebSocket with these headers.
    pub(crate) async fn open(&self, headers: &[(&'static str, &str)]) -> Result<FrontEnd, u16> {
        let mut request = format!("{}/ws", self.url.replace("http", "ws")).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(FrontEnd { socket, next: 0 }),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Stops it in good order, and returns its folder.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.notify_one();
        self.served.await.unwrap().unwrap();
        self.folder
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads an answer whose body has a length, or none.
    async fn read(mut socket: TcpStream) -> Self {
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let text = String::from_utf8_lossy(&seen).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let head = with_small_names(head);
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
                if body.len() >= length.unwrap_or(0) {
                    let status = head[9..12].parse().unwrap();
                    return Self { status, head, body: body.to_owned() };
                }
            }
            let count = socket.read(&mut buffer).await.unwrap();
            assert_ne!(count, 0, "the connection ended within an answer: {text}");
            seen.extend_from_slice(&buffer[..count]);
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Returns a head with the names of its headers in lower case.
fn with_small_names(head: &str) -> String {
    let lines = head.split("\r\n").map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\r\n", name.to_ascii_lowercase()),
        None => format!("{line}\r\n"),
    });
    lines.collect()
}

/// A front end.
pub(crate) struct FrontEnd {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next: u64,
}

impl FrontEnd {
    /// Asks, and returns the whole answer. What is told meanwhile is passed over.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.send(request.to_string()).await;
        loop {
            let message = self.read().await.unwrap();
            if message["id"] == self.next {
                if message["error"].is_null() {
                    shapes::check(method, &message["result"]);
                }
                return message;
            }
        }
    }

    /// Asks for something that must succeed.
    pub(crate) async fn get(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params).await;
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].take()
    }

    pub(crate) async fn send(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Returns the next message; nothing at the end.
    pub(crate) async fn read(&mut self) -> Option<Value> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(text.as_str()).unwrap();
                    if let Some(notification) = message["method"].as_str() {
                        shapes::check(notification, &message["params"]);
                    }
                    return Some(message);
                }
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Returns what the next notification of this name carries.
    pub(crate) async fn told(&mut self, method: &str) -> Value {
        loop {
            let mut message = self.read().await.unwrap();
            if message["method"] == method {
                return message["params"].take();
            }
        }
    }

    /// Reads to the end, and returns the code with which the daemon closed.
    pub(crate) async fn closed_with(&mut self) -> Option<u16> {
        loop {
            if let Message::Close(frame) = self.socket.next().await?.ok()? {
                return frame.map(|frame| frame.code.into());
            }
        }
    }

    /// Returns the next change that is told.
    pub(crate) async fn change(&mut self) -> Value {
        loop {
            let message = self.read().await.unwrap();
            if message["method"] == "connectors.changed" {
                return message["params"].clone();
            }
        }
    }
}
