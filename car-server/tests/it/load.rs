//! A front end that asks and does not read.

use std::time::Duration;

use futures_util::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::Running;

/// How long a frame may take to leave before it is taken for stuck.
const STUCK: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stops_reading_from_who_does_not_read_and_serves_the_others() {
    let daemon = Running::start().await;
    let (mut greedy, mut other) = (daemon.connect().await, daemon.connect().await);
    // An id is repeated in its answer, so each answer is as large as its request.
    let id = "x".repeat(64 * 1024);
    let mut sent = 0;
    while sent < 10_000 {
        let request = json!({"jsonrpc": "2.0", "id": format!("{sent}{id}"), "method": "connectors.list"});
        match tokio::time::timeout(STUCK, greedy.socket.send(Message::text(request.to_string()))).await {
            Ok(outcome) => outcome.unwrap(),
            Err(_) => break,
        }
        sent += 1;
    }
    assert!(sent < 10_000, "640 MB were taken from a front end that reads nothing");
    assert!(other.get("connectors.list", json!({})).await["connectors"].is_array());
}
