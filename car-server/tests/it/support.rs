//! A daemon on a state folder of its own, and a front end.

use std::net::SocketAddr;
use std::sync::Arc;

use car_connectors::ManagerOptions;
use car_connectors::store::{DaemonAddress, Home, SecretMode};
use car_server::{Daemon, DaemonOptions, Error};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
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
        let home = home(&folder);
        let daemon = start(&home, DaemonOptions::new()).await.unwrap();
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
        let mut request = format!("{}/ws", self.url.replace("http", "ws")).into_client_request().unwrap();
        let value = format!("Bearer {}", self.token).parse().unwrap();
        request.headers_mut().insert("authorization", value);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        FrontEnd { socket, next: 0 }
    }

    /// Stops it in good order, and returns its folder.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.notify_one();
        self.served.await.unwrap().unwrap();
        self.folder
    }
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
