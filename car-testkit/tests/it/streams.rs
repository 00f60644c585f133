//! The double's long streams: subscriptions, the standalone stream, the old pair, cancelling.

use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::wire::{Open, open_session, send};

const LISTEN: &[(&str, &str)] =
    &[("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "subscriptions/listen")];
const CALL: &[(&str, &str)] =
    &[("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "progress")];

fn meta() -> serde_json::Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": 5,
    })
}

#[tokio::test]
async fn acknowledges_a_subscription_then_tells_of_changes_then_ends_it() {
    let server = Double::start(Config::default()).await.unwrap();
    let wanted =
        json!({ "toolsListChanged": true, "resourceSubscriptions": ["test://watched", "test://other"] });
    let params = json!({ "_meta": meta(), "notifications": wanted });
    let body = json!({ "jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": params });
    let mut stream = Open::send("POST", &server.url(), LISTEN, &body.to_string()).await;
    let ack = stream.until("subscriptions/acknowledged").await;
    assert!(ack.contains(r#""resourceSubscriptions":["test://watched"]"#), "{ack}");
    server.change_tools();
    assert!(stream.until("tools/list_changed").await.contains(r#"subscriptionId":"s""#));
    server.update_resource();
    stream.until("resources/updated").await;
    server.end_subscriptions();
    assert!(stream.until(r#""result""#).await.contains(r#""id":"s""#));
}

#[tokio::test]
async fn takes_a_closed_stream_as_a_cancellation_in_the_modern_era() {
    let server = Double::start(Config::default()).await.unwrap();
    let params = json!({ "name": "progress", "arguments": { "steps": 1_000 }, "_meta": meta() });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let mut stream = Open::send("POST", &server.url(), CALL, &body.to_string()).await;
    stream.until("notifications/progress").await;
    drop(stream);
    while server.ledger().cancelled() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn tells_of_changes_on_the_standalone_stream() {
    let server = Double::start(Config::default()).await.unwrap();
    let session = open_session(&server.url(), "2025-06-18").await;
    let mut stream = Open::send("GET", &server.url(), &[("Mcp-Session-Id", &session)], "").await;
    stream.until("text/event-stream").await;
    server.change_tools();
    stream.until("notifications/tools/list_changed").await;
}

#[tokio::test]
async fn speaks_the_old_pair_of_endpoints() {
    let server = Double::start(Config::default()).await.unwrap();
    let mut stream = Open::send("GET", &server.sse_url(), &[], "").await;
    let event = stream.until("/messages?session=").await;
    let path = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let url = format!("http://{}{path}", server.address());
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    assert_eq!(send("POST", &url, &[], &hello.to_string()).await.status, 202);
    assert!(stream.until("protocolVersion").await.contains("2024-11-05"));
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    assert_eq!(send("POST", &url, &[], &list.to_string()).await.status, 202);
    assert!(stream.until("inputSchema").await.contains(r#""id":2"#));
}

#[tokio::test]
async fn asks_the_client_on_the_stream_of_the_call_that_needs_it() {
    let server = Double::start(Config::default()).await.unwrap();
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": { "elicitation": {} },
        "clientInfo": { "name": "t", "version": "1" },
    });
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }).to_string();
    let session = send("POST", &server.url(), &[], &hello).await.header("mcp-session-id").unwrap().to_owned();
    let headers = [("Mcp-Session-Id", session.as_str())];
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "elicit" } })
        .to_string();
    let mut stream = Open::send("POST", &server.url(), &headers, &call).await;
    let question = stream.until("elicitation/create").await;
    let data = question.lines().rev().find_map(|line| line.strip_prefix("data: {")).unwrap();
    let question: serde_json::Value = serde_json::from_str(&format!("{{{data}")).unwrap();
    let answer = json!({
        "jsonrpc": "2.0",
        "id": question["id"],
        "result": { "action": "accept", "content": { "name": "Ada" } },
    });
    assert_eq!(send("POST", &server.url(), &headers, &answer.to_string()).await.status, 202);
    stream.until("Hello, Ada!").await;
}
