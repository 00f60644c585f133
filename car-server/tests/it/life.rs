//! The life of a connector, driven by a front end.

use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::support::Running;

#[tokio::test]
async fn adds_enables_calls_and_removes() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    assert_eq!(front.get("connectors.list", json!({})).await["connectors"], json!([]));
    let added = front.get("connectors.add", json!({"name": "Docs", "url": server.url()})).await;
    assert_eq!((&added["slug"], &added["state"]), (&json!("docs"), &json!("ready")));
    let refused = front
        .ask("connectors.call_tool", json!({"slug": "docs", "tool": "echo", "arguments": {"message": "hi"}}))
        .await;
    assert_eq!(refused["error"]["data"]["kind"], "not_enabled", "{refused}");
    let tools = front.get("connectors.enable_tools", json!({"slug": "docs", "tools": ["echo"]})).await;
    let echo = tools["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "echo").unwrap();
    assert_eq!((&echo["enabled"], &echo["canonical"]), (&json!(true), &json!("mcp_docs_echo")));
    let result = front
        .get("connectors.call_tool", json!({"slug": "docs", "tool": "echo", "arguments": {"message": "hi"}}))
        .await;
    assert!(result["raw"].to_string().contains("hi"), "{result}");
    let events = front.get("connectors.events.tail", json!({"connector": "docs", "limit": 10})).await;
    assert!(!events["events"].as_array().unwrap().is_empty());
    let explained = front.get("connectors.policy.explain", json!({"slug": "docs", "tool": "echo"})).await;
    assert_eq!((&explained["verdict"], &explained["enabled"]), (&json!("allow"), &json!(true)));
    front.get("connectors.remove", json!({"slug": "docs"})).await;
    assert_eq!(front.get("connectors.list", json!({})).await["connectors"], json!([]));
}

#[tokio::test]
async fn tells_every_front_end_of_changes() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let (mut one, mut other) = (daemon.connect().await, daemon.connect().await);
    // An answer shows that the other listens by now.
    other.get("connectors.list", json!({})).await;
    one.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    let mut seen = Vec::new();
    while !seen.contains(&"added".to_owned()) {
        let change = other.change().await;
        assert_eq!(change["slug"], "docs");
        seen.push(change["what"].as_str().unwrap().to_owned());
    }
    one.get("connectors.remove", json!({"slug": "docs"})).await;
    while other.change().await["what"] != "removed" {}
}

#[tokio::test]
async fn says_goodbye_when_it_stops() {
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.list", json!({})).await;
    let (_, end) = tokio::join!(daemon.stop(), front.read());
    assert!(end.is_none());
}
