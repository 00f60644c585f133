//! Methods that the other tests do not use.

use car_testkit::double::{Config, Double};
use serde_json::{Value, json};

use crate::support::Running;

#[tokio::test]
async fn tells_of_itself_and_looks_at_its_folder_when_it_is_told_to() {
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    let about = front.get("connectors.daemon", json!({})).await;
    assert_eq!(
        (&about["url"], &about["mcp_url"]),
        (&json!(daemon.url), &json!(format!("{}/mcp", daemon.url)))
    );
    assert_eq!(about["visitor"], json!({"name": "owner", "scope": "manage", "connectors": null}));
    assert_eq!(front.get("connectors.reload", json!({})).await["reloaded"], true);
    let verified = front.get("connectors.events.verify", json!({})).await;
    assert_eq!((&verified["is_whole"], &verified["problem"]), (&json!(true), &Value::Null));
}

#[tokio::test]
async fn shares_prompts_and_resources_and_pages_through_the_log() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    let shared = front.get("connectors.share", json!({"slug": "docs", "prompts": true})).await;
    assert_eq!((&shared["shares_prompts"], &shared["shares_resources"]), (&json!(true), &json!(false)));
    assert_eq!(front.get("connectors.changed_tools", json!({"slug": "docs"})).await["tools"], json!([]));
    let remote = front.ask("connectors.server_log", json!({"slug": "docs"})).await;
    assert_eq!(remote["error"]["data"]["kind"], "invalid_input", "{remote}");

    front.get("connectors.enable_tools", json!({"slug": "docs", "tools": ["echo"]})).await;
    for number in 0..5 {
        let call = json!({"slug": "docs", "tool": "echo", "arguments": {"message": number.to_string()}});
        front.get("connectors.call_tool", call).await;
    }
    let last = front.get("connectors.events.tail", json!({"limit": 4})).await;
    let seq = |page: &Value| -> Vec<u64> {
        page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(seq(&last), [7, 8, 9, 10]);
    let before = front.get("connectors.events.tail", json!({"limit": 4, "before": 7})).await;
    assert_eq!(seq(&before), [3, 4, 5, 6]);
    let call = json!({"slug": "docs", "tool": "echo", "arguments": {"message": "later"}});
    front.get("connectors.call_tool", call).await;
    front.told("connectors.events_appended").await;
    let later = front.get("connectors.events.tail", json!({"after": last["next"]})).await;
    assert_eq!(seq(&later), [11, 12]);
    let both = front.ask("connectors.events.tail", json!({"after": last["next"], "before": 3})).await;
    assert!(both["error"]["message"].as_str().unwrap().contains("before: expected either"), "{both}");
}

#[tokio::test]
async fn carries_out_sixty_four_requests_at_once_and_reads_no_more() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let (mut busy, mut other) = (daemon.connect().await, daemon.connect().await);
    busy.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    busy.get("connectors.enable_tools", json!({"slug": "docs", "tools": ["sleep", "echo"]})).await;
    for id in 0..80 {
        let params = json!({"slug": "docs", "tool": "sleep", "arguments": {"ms": 600_000}});
        let request = json!({"jsonrpc": "2.0", "id": format!("s{id}"), "method": "connectors.call_tool", "params": params});
        busy.send(request.to_string()).await;
    }
    // What comes behind them waits, and whoever else there is does not.
    busy.send(json!({"jsonrpc": "2.0", "id": "behind", "method": "connectors.list"}).to_string()).await;
    while server.ledger().method("tools/call") < 64 {
        tokio::task::yield_now().await;
    }
    let call = json!({"slug": "docs", "tool": "echo", "arguments": {"message": "hi"}});
    other.get("connectors.call_tool", call).await;
    assert_eq!(server.ledger().method("tools/call"), 65);
    drop(busy);
    while server.ledger().cancelled() < 64 {
        tokio::task::yield_now().await;
    }
}
