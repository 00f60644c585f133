//! Batches, which only one revision has.

use http::StatusCode;
use serde_json::{Value, json};

use crate::peer::{Peer, call, described, hello, ping, text};
use crate::stage::Stage;

async fn batching() -> (Stage, Peer) {
    let stage = Stage::default();
    let mut peer = Peer::new(&described(&stage, |builder| builder));
    peer.begin("2025-03-26").await;
    (stage, peer)
}

#[tokio::test]
async fn requests_of_a_batch_are_answered_together() {
    let (_, peer) = batching().await;
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let reply =
        peer.post(json!([ping(2), notification, call(3, "greet", json!({})), 17])).await.whole().await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, Some("application/json")));
    let answers = reply.json();
    let answers = answers.as_array().unwrap();
    let of = |id: Value| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(answers.len(), 3);
    assert_eq!(of(json!(2))["result"], json!({}));
    assert_eq!(text(of(json!(3))), "hello");
    assert!(answers.iter().any(|answer| answer["error"]["code"] == -32600));
}

#[tokio::test]
async fn one_answer_of_a_batch_is_still_an_array() {
    let (_, peer) = batching().await;
    let reply = peer.post(json!([ping(2)])).await.whole().await;
    assert_eq!(reply.json(), json!([{"jsonrpc": "2.0", "id": 2, "result": {}}]));
}

#[tokio::test]
async fn a_batch_without_a_request_is_accepted() {
    let (_, peer) = batching().await;
    let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let reply = peer.post(json!([notification, {"jsonrpc": "2.0", "id": 9, "result": {}}])).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn a_batch_that_says_more_than_its_answers_becomes_one_stream() {
    let (stage, peer) = batching().await;
    let batch = json!([ping(2), call(3, "count", json!({"to": 2})), call(4, "wait", json!({}))]);
    let mut reply = peer.post(batch).await;
    assert!(reply.is_stream());
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(reply.message().await.unwrap());
    }
    stage.go.add_permits(1);
    seen.extend(reply.messages().await);
    let mut answered: Vec<u64> = seen.iter().filter_map(|message| message["id"].as_u64()).collect();
    answered.sort_unstable();
    assert_eq!(answered, [2, 3, 4]);
    let numbers: Vec<&Value> =
        seen.iter().map(|message| &message["params"]["data"]).filter(|data| data.is_u64()).collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test]
async fn batches_that_are_none_are_refused() {
    let (_, peer) = batching().await;
    let many = |count: u64| Value::Array((1..=count).map(ping).collect());
    for (batch, expected) in [
        (json!([]), StatusCode::BAD_REQUEST),
        (json!([ping(2), hello("2025-03-26")]), StatusCode::BAD_REQUEST),
        (many(101), StatusCode::BAD_REQUEST),
        (many(100), StatusCode::OK),
    ] {
        let reply = peer.post(batch).await.whole().await;
        assert_eq!(reply.status, expected);
        if expected == StatusCode::BAD_REQUEST {
            assert_eq!(reply.code(), -32600);
        }
    }
}

#[tokio::test]
async fn other_revisions_have_no_batches() {
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut peer = Peer::plain();
        peer.begin(version).await;
        let reply = peer.post(json!([ping(2)])).await.whole().await;
        assert_eq!((reply.status, reply.code()), (StatusCode::BAD_REQUEST, -32600), "{version}");
    }
}
