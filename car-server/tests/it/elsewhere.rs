//! What other processes do in the state folder is seen at once.

use std::time::Duration;

use car_connectors::store::{AccessFile, NewAccessToken, Scope, SecretMode};
use car_connectors::{ConnectorManager, ManagerOptions, NewConnector, ToolSelection};
use car_testkit::double::{Config, Double};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Running, home};

/// How long what happens at once may take on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);

/// Returns a manager of another process.
async fn another(daemon: &Running) -> ConnectorManager {
    let options = ManagerOptions::new(home(&daemon.folder)).with_secrets(SecretMode::File);
    ConnectorManager::load(options).await.unwrap()
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(AT_ONCE, what).await.expect("it happens at once")
}

#[tokio::test]
async fn front_ends_hear_of_connectors_that_come_change_and_go() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.list", json!({})).await;
    let other = another(&daemon).await;
    other.add(NewConnector::remote("docs", server.url())).await.unwrap();
    while soon(front.change()).await["what"] != "added" {}
    other.enable_tools("docs", &ToolSelection::Named(vec!["echo".to_owned()])).await.unwrap();
    while soon(front.change()).await["what"] != "tools" {}
    other.remove("docs").await.unwrap();
    while soon(front.change()).await["what"] != "removed" {}
}

#[tokio::test]
async fn front_ends_hear_of_the_policy_and_of_tokens() {
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.list", json!({})).await;
    let place = home(&daemon.folder);
    std::fs::write(place.policy_path(), "[[deny_connector]]\nconnector = \"docs\"\n").unwrap();
    soon(front.told("connectors.policy_changed")).await;
    AccessFile::new(&place).add(NewAccessToken::new("ann", Scope::Read), 1).unwrap();
    soon(front.told("connectors.access_changed")).await;
}

#[tokio::test]
async fn a_token_that_is_revoked_ends_what_it_opened() {
    let daemon = Running::start().await;
    let file = AccessFile::new(&home(&daemon.folder));
    let (_, secret) = file.add(NewAccessToken::new("ann", Scope::Read), 1).unwrap();
    let bearer = format!("Bearer {}", secret.expose());
    let mut front = daemon.open(&[("authorization", &bearer)]).await.unwrap();
    front.get("connectors.list", json!({})).await;
    let mut stream = listening(&daemon, &bearer).await;
    file.revoke("ann").unwrap().unwrap();
    assert!(soon(front.read()).await.is_none(), "the WebSocket is closed");
    // Chunked: the last chunk, or the end.
    let mut rest = Vec::new();
    soon(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(daemon.open(&[("authorization", &bearer)]).await.err(), Some(401));
}

#[tokio::test]
async fn a_token_whose_time_is_over_ends_what_it_opened() {
    let daemon = Running::start().await;
    let file = AccessFile::new(&home(&daemon.folder));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut new = NewAccessToken::new("ann", Scope::Read);
    new.expires_at = Some(now + 3);
    let (_, secret) = file.add(new, now).unwrap();
    let bearer = format!("Bearer {}", secret.expose());
    let mut front = daemon.open(&[("authorization", &bearer)]).await.unwrap();
    front.get("connectors.list", json!({})).await;
    assert!(soon(front.read()).await.is_none(), "the WebSocket is closed");
    let after = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(after >= now + 3, "it was closed early");
}

/// Opens the stream of a legacy session's own messages, and returns the socket once its head has come.
async fn listening(daemon: &Running, bearer: &str) -> tokio::net::TcpStream {
    let version = car_connectors::mcp::proto::version::ProtocolVersion::LEGACY[0].as_str();
    let params =
        json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string();
    let host = daemon.address().to_string();
    let both = "application/json, text/event-stream";
    let headers = [
        ("host", host.as_str()),
        ("authorization", bearer),
        ("content-type", "application/json"),
        ("accept", both),
    ];
    let begun = daemon.send("POST", "/mcp", &headers, &body).await;
    let session = begun
        .head
        .lines()
        .find_map(|line| line.strip_prefix("mcp-session-id: "))
        .unwrap_or_else(|| panic!("{begun:?}"));
    let mut socket = tokio::net::TcpStream::connect(daemon.address()).await.unwrap();
    let request = format!(
        "GET /mcp HTTP/1.1\r\nhost: {host}\r\nauthorization: {bearer}\r\naccept: text/event-stream\r\n\
         mcp-session-id: {session}\r\nmcp-protocol-version: {version}\r\nconnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    socket.read_exact(&mut head).await.unwrap();
    assert_eq!(&head[9..], b"200");
    socket
}
