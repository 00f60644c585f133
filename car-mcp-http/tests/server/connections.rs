//! What is done about connections that take too long or are too many.

use std::time::Duration;

use car_mcp_http::server::{ConnectionLimits, McpService};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::serving::{PATIENCE, Serving, Stage, call, patiently, raw_call, raw_echo, read_to_end};

async fn serving(set: impl FnOnce(&mut ConnectionLimits)) -> Serving {
    let mut limits = ConnectionLimits::default();
    set(&mut limits);
    Serving::start_with(McpService::new(Stage::default().server()), limits).await
}

#[tokio::test]
async fn a_connection_that_says_nothing_or_never_ends_its_head_is_closed() {
    let serving = serving(|limits| limits.idle = Duration::from_millis(100)).await;
    for begun in
        ["", "P", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST /mcp HTTP/1.1\r\nHost: lo"]
    {
        let answer = serving.raw(begun).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{begun:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for_longer() {
    let serving = serving(|limits| limits.idle = Duration::from_millis(200)).await;
    let mut socket = serving.connect().await;
    let begun = std::time::Instant::now();
    socket.write_all(b"POST /mcp HTTP/1.1\r\nX-Slow: ").await.unwrap();
    while socket.write_all(b"a").await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "a slow head is read for ever");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_http2_client_that_does_not_answer_a_ping_is_cut() {
    let serving = serving(|limits| {
        limits.idle = Duration::from_secs(3600);
        limits.http2_ping = Duration::from_millis(50);
    })
    .await;
    // The preface and settings that change nothing; then the client is only seen to be there by the system.
    serving.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0").await;
}

#[tokio::test]
async fn a_connection_without_a_further_request_is_closed() {
    let serving = serving(|limits| limits.idle = Duration::from_millis(100)).await;
    let answer = serving.raw(&raw_echo("")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_request_may_take_longer_than_a_connection_may_be_idle() {
    let (stage, mut events) = Stage::new();
    let mut limits = ConnectionLimits::default();
    limits.idle = Duration::from_millis(50);
    let serving = Serving::start_with(McpService::new(stage.server()), limits).await;
    let (reply, ()) = tokio::join!(serving.send(call("wait", json!({}))), async {
        assert_eq!(patiently(events.recv()).await, Some("began"));
        tokio::time::sleep(Duration::from_millis(200)).await;
        stage.go.notify_one();
    });
    assert_eq!(reply.json()["result"]["content"][0]["text"], "waited");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_a_large_answer_is_cut() {
    let serving = serving(|limits| limits.write_stall = Duration::from_millis(200)).await;
    let mut socket = serving.connect().await;
    socket.write_all(raw_call("large", &json!({}), "").as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    patiently(socket.read_exact(&mut begun)).await.unwrap();
    // Long after the limit, what was under way has been cut: the rest never comes.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut read = Vec::new();
    let _reset = patiently(socket.read_to_end(&mut read)).await;
    assert!(read.len() < 16 << 20, "all {} bytes came", read.len());
}

#[tokio::test]
async fn a_client_that_takes_a_large_answer_slowly_gets_all_of_it() {
    let serving = serving(|limits| limits.write_stall = Duration::from_millis(500)).await;
    let reply = serving.send(call("large", json!({}))).await;
    assert!(reply.body.len() > 16 << 20);
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let serving = serving(|limits| {
        limits.max_headers = 20;
        limits.max_header_bytes = 8 << 10;
    })
    .await;
    let many: String = (0..30).map(|index| format!("X-{index}: a\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "a".repeat(9 << 10));
    for headers in [many, long] {
        let answer = serving.raw(&raw_echo(&headers)).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
}

#[tokio::test]
async fn one_connection_more_than_there_may_be_waits_for_its_turn() {
    let serving = serving(|limits| limits.max_connections = 1).await;
    let mut first = serving.connect().await;
    first.write_all(raw_echo("").as_bytes()).await.unwrap();
    let mut head = [0; 12];
    patiently(first.read_exact(&mut head)).await.unwrap();
    let mut second = serving.connect().await;
    second.write_all(raw_echo("Connection: close\r\n").as_bytes()).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(100), second.read(&mut head)).await;
    assert!(waited.is_err(), "the second connection was served beside the first");
    drop(first);
    assert!(read_to_end(&mut second).await.starts_with("HTTP/1.1 200"));
}
