//! What a line may be, and what becomes of those that are no message.

use std::sync::Arc;

use car_mcp_stdio::StdioServer;
use car_mcp_stdio::server::MAX_BATCH;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::double::{legacy, modern, notification, plain, serve, server};

#[tokio::test]
async fn garbage_is_told_without_an_id_and_the_next_line_is_served() {
    let mut pipe = plain();
    for (text, code) in [
        ("garbage\n", -32700),
        ("{\"jsonrpc\": \n", -32700),
        ("\u{0}\n", -32700),
        ("null\n", -32600),
        ("[]\n", -32600),
        ("{}\n", -32600),
    ] {
        pipe.write(text).await;
        let response = pipe.next().await.unwrap();
        assert_eq!((&response["error"]["code"], response.get("id")), (&json!(code), None), "{text:?}");
    }
    pipe.write("\r\n  \n\n").await;
    let response = pipe.ask(modern(1, "server/discover", json!({}))).await;
    assert_eq!(response["result"]["resultType"], "complete");
}

#[tokio::test]
async fn a_line_over_the_cap_fails_only_itself_and_names_its_request() {
    let server = server(&Arc::new(Semaphore::new(0)));
    let mut pipe = serve(StdioServer::new(server).max_line_bytes(1000));
    let long = json!({"name": "greet", "arguments": {"text": "x".repeat(5000)}});
    let response = pipe.ask(modern("long", "tools/call", long)).await;
    assert_eq!(response["error"]["code"], -32600);
    assert_eq!(response["id"], "long");
    pipe.write(&format!("{}\n", "x".repeat(5000))).await;
    assert_eq!(pipe.next().await.unwrap().get("id"), None);
    let response = pipe.ask(modern(1, "tools/call", json!({"name": "greet"}))).await;
    assert_eq!(response["result"]["content"][0]["text"], "hello");
}

#[tokio::test]
async fn a_batch_is_answered_as_one_in_the_revision_that_has_them() {
    let mut pipe = plain();
    pipe.shake_hands("2025-03-26").await;
    let batch = json!([
        legacy(1, "tools/call", json!({"name": "forever"})),
        legacy(2, "tools/call", json!({"name": "greet"})),
        notification("notifications/cancelled", json!({"requestId": 1})),
        {"nonsense": true},
        legacy(3, "initialize", json!({})),
    ]);
    let answers = pipe.ask(batch).await;
    let answers = answers.as_array().unwrap();
    let of = |id: Value| answers.iter().find(|answer| answer.get("id") == Some(&id)).unwrap();
    assert_eq!(answers.len(), 3, "the cancelled one has none: {answers:?}");
    assert_eq!(of(json!(2))["result"]["content"][0]["text"], "hello");
    assert_eq!(of(json!(3))["error"]["code"], -32600);
    assert!(answers.iter().any(|answer| answer.get("id").is_none()));

    pipe.send(json!([notification("notifications/cancelled", json!({"requestId": 9}))])).await;
    assert_eq!(pipe.ask(json!([])).await["error"]["code"], -32600);
    let many: Vec<_> = (0..=MAX_BATCH).map(|id| legacy(id, "ping", json!({}))).collect();
    assert_eq!(pipe.ask(json!(many)).await["error"]["code"], -32600);
}

#[tokio::test]
async fn a_batch_is_no_message_in_other_revisions() {
    let mut pipe = plain();
    pipe.shake_hands("2025-11-25").await;
    let response = pipe.ask(json!([legacy(1, "ping", json!({}))])).await;
    assert_eq!((&response["error"]["code"], response.get("id")), (&json!(-32600), None));
}
