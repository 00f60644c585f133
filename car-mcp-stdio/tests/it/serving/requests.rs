//! Requests of both eras on one pipe: side by side, cancelled, and when the input ends.

use std::sync::Arc;
use std::time::Duration;

use car_mcp_stdio::StdioServer;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::double::{legacy, modern, notification, plain, serve, server};

#[tokio::test]
async fn both_eras_are_served_on_one_pipe() {
    let mut pipe = plain();
    let call = || json!({"name": "greet"});
    assert_eq!(pipe.ask(modern(1, "tools/call", call())).await["result"]["resultType"], "complete");
    assert_eq!(pipe.ask(legacy(2, "tools/call", call())).await["error"]["code"], -32600, "no handshake");
    pipe.shake_hands("2025-06-18").await;
    let response = pipe.ask(legacy(2, "tools/call", call())).await;
    assert_eq!(response["result"].get("resultType"), None);
    assert_eq!(pipe.ask(modern(1, "ping", json!({}))).await["error"]["code"], -32601);
    assert_eq!(pipe.ask(legacy(1, "ping", json!({}))).await["result"], json!({}));
}

#[tokio::test]
async fn requests_run_side_by_side_and_are_answered_as_they_end() {
    let permits = Arc::new(Semaphore::new(0));
    let mut pipe = serve(StdioServer::new(server(&permits)));
    pipe.send(modern(1, "tools/call", json!({"name": "wait"}))).await;
    assert_eq!(pipe.ask(modern(2, "tools/call", json!({"name": "greet"}))).await["id"], 2);
    let twice = pipe.ask(modern(1, "tools/call", json!({"name": "greet"}))).await;
    assert_eq!((&twice["id"], &twice["error"]["code"]), (&json!(1), &json!(-32600)));
    permits.add_permits(1);
    let response = pipe.next().await.unwrap();
    assert_eq!((&response["id"], &response["result"]["content"][0]["text"]), (&json!(1), &json!("waited")));
}

#[tokio::test]
async fn a_cancelled_request_of_either_era_gets_no_answer() {
    let permits = Arc::new(Semaphore::new(0));
    let mut pipe = serve(StdioServer::new(server(&permits)));
    pipe.shake_hands("2025-11-25").await;
    let call = || json!({"name": "wait"});
    for message in [modern(1, "tools/call", call()), legacy(1, "tools/call", call())] {
        let again = message.clone();
        pipe.send(message).await;
        pipe.send(notification("notifications/cancelled", json!({"requestId": "1"}))).await;
        pipe.send(notification("notifications/cancelled", json!({"requestId": 1}))).await;
        // The ping of either era shows that the notices have been read.
        assert_eq!(pipe.ask(legacy("p", "ping", json!({}))).await["id"], "p");
        permits.add_permits(1);
        assert_eq!(pipe.ask(again).await["result"]["content"][0]["text"], "waited", "the id is free");
        assert_eq!(permits.available_permits(), 0, "the first one is gone");
    }
}

#[tokio::test]
async fn changes_are_told_in_the_way_of_each_era() {
    let server = server(&Arc::new(Semaphore::new(0)));
    let mut pipe = serve(StdioServer::new(server.clone()));
    pipe.shake_hands("2025-11-25").await;
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let agreed = pipe.ask(modern(7, "subscriptions/listen", filter)).await;
    assert_eq!(agreed["method"], "notifications/subscriptions/acknowledged");
    server.tools_changed();
    let told = [pipe.next().await.unwrap(), pipe.next().await.unwrap()];
    assert!(told.iter().all(|told| told["method"] == "notifications/tools/list_changed"));
    let tagged = |told: &&Value| told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == 7;
    assert_eq!(told.iter().filter(tagged).count(), 1);
}

/// Cancellation: on this transport the end of a subscription is told by `notifications/cancelled` as well.
#[tokio::test]
async fn a_subscription_that_the_server_ends_is_answered_and_cancelled() {
    let server = server(&Arc::new(Semaphore::new(0)));
    let mut pipe = serve(StdioServer::new(server.clone()));
    pipe.ask(modern("s", "subscriptions/listen", json!({"notifications": {}}))).await;
    server.close();
    let response = pipe.next().await.unwrap();
    assert_eq!((&response["id"], &response["result"]["resultType"]), (&json!("s"), &json!("complete")));
    let notice = pipe.next().await.unwrap();
    assert_eq!(
        (&notice["method"], &notice["params"]["requestId"]),
        (&json!("notifications/cancelled"), &json!("s"))
    );
}

#[tokio::test]
async fn a_subscription_that_the_client_cancels_is_not_answered() {
    let mut pipe = plain();
    pipe.ask(modern("s", "subscriptions/listen", json!({"notifications": {}}))).await;
    pipe.send(notification("notifications/cancelled", json!({"requestId": "s"}))).await;
    assert_eq!(pipe.ask(modern(1, "server/discover", json!({}))).await["id"], 1);
    pipe.close().await;
    assert_eq!(pipe.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_input_lets_what_is_under_way_be_answered() {
    let permits = Arc::new(Semaphore::new(0));
    let mut pipe = serve(StdioServer::new(server(&permits)));
    pipe.ask(modern("s", "subscriptions/listen", json!({"notifications": {}}))).await;
    pipe.send(modern(1, "tools/call", json!({"name": "wait"}))).await;
    // The last line need not have an end.
    pipe.write(&modern(2, "tools/call", json!({"name": "greet"})).to_string()).await;
    pipe.close().await;
    assert_eq!(pipe.next().await.unwrap()["id"], 2);
    permits.add_permits(1);
    assert_eq!(pipe.next().await.unwrap()["id"], 1);
    assert_eq!(pipe.next().await, None);
    pipe.serving.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_after_the_end_of_the_input_is_dropped() {
    let server = server(&Arc::new(Semaphore::new(0)));
    let mut pipe = serve(StdioServer::new(server).drain_wait(Duration::from_secs(5)));
    pipe.send(modern(1, "tools/call", json!({"name": "forever"}))).await;
    let start = tokio::time::Instant::now();
    pipe.close().await;
    assert_eq!(pipe.next().await, None);
    assert_eq!(start.elapsed().as_secs(), 5);
    pipe.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_that_reads_late_gets_every_whole_answer() {
    let mut pipe = plain();
    for id in 0..20 {
        pipe.send(modern(id, "tools/call", json!({"name": "large"}))).await;
    }
    pipe.close().await;
    let mut ids = Vec::new();
    while let Some(response) = pipe.next().await {
        assert_eq!(response["result"]["content"][0]["text"].as_str().unwrap().len(), 100_000);
        ids.push(response["id"].as_u64().unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..20).collect::<Vec<_>>());
}
