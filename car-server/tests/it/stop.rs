//! The daemon stops in good order.

use std::time::Duration;

use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::support::Running;

#[tokio::test]
async fn a_call_that_is_under_way_is_answered_before_it_stops() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    front.get("connectors.enable_tools", json!({"slug": "docs", "tools": "all"})).await;
    let call = json!({"slug": "docs", "tool": "sleep", "arguments": {"ms": 700}});
    let request = json!({"jsonrpc": "2.0", "id": "last", "method": "connectors.call_tool", "params": call});
    front.send(request.to_string()).await;
    while server.ledger().method("tools/call") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let reading = async {
        let mut answered = false;
        while let Some(message) = front.read().await {
            answered |= message["id"] == "last" && message["error"].is_null();
        }
        answered
    };
    let (_, answered) = tokio::join!(daemon.stop(), reading);
    assert!(answered);
}

#[tokio::test]
async fn a_call_that_waits_for_a_person_does_not_hold_it_up() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    front.get("connectors.enable_tools", json!({"slug": "docs", "tools": "all"})).await;
    front.get("connectors.policy.add", json!({"kind": "ask", "subject": "docs/echo"})).await;
    let call = json!({"slug": "docs", "tool": "echo", "arguments": {"message": "hi"}});
    let request = json!({"jsonrpc": "2.0", "id": "asks", "method": "connectors.call_tool", "params": call});
    front.send(request.to_string()).await;
    front.told("connectors.approval_requested").await;
    let reading = async {
        let mut refused = false;
        while let Some(message) = front.read().await {
            refused |= message["id"] == "asks" && message["error"]["data"]["kind"] == "denied";
        }
        refused
    };
    let (_, refused) = tokio::join!(daemon.stop(), reading);
    assert!(refused);
    assert_eq!(server.ledger().method("tools/call"), 0);
}
