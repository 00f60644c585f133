//! What is refused because it is too much.

use std::time::Duration;

use car_mcp_http::server::{Answers, McpService, ServiceLimits};
use http::StatusCode;
use http_body_util::Full;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::serving::{Reply, Serving, Stage, call, patiently, raw_echo, read_to_end};

fn limits(set: impl FnOnce(&mut ServiceLimits)) -> ServiceLimits {
    let mut limits = ServiceLimits::default();
    set(&mut limits);
    limits
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    let serving =
        Serving::described(|builder| builder.limits(limits(|limits| limits.max_body_bytes = 1000))).await;
    let mut socket = serving.connect().await;
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1001\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let answer = read_to_end(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_client_that_sends_on_still_sees_why_it_was_refused() {
    let serving =
        Serving::described(|builder| builder.limits(limits(|limits| limits.max_body_bytes = 1000))).await;
    let socket = serving.connect().await;
    let (mut reader, mut writer) = socket.into_split();
    let sending = async {
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50000000\r\n\r\n";
        writer.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b' '; 1 << 16];
        // More than sockets hold; it ends when the server will hear no more.
        while writer.write_all(&piece).await.is_ok() {}
    };
    let reading = async {
        let mut answer = vec![0; 12];
        patiently(reader.read_exact(&mut answer)).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 413");
    };
    patiently(async { tokio::join!(sending, reading) }).await;
}

#[tokio::test]
async fn a_chunked_body_is_read_no_further_than_it_may_be() {
    let serving =
        Serving::described(|builder| builder.limits(limits(|limits| limits.max_body_bytes = 1000))).await;
    let chunk = format!("200\r\n{}\r\n", " ".repeat(512));
    let text = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}"
    );
    let answer = serving.raw(&text).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_body_of_just_the_right_size_is_served() {
    let text = raw_echo("Connection: close\r\n");
    let size = text.split("\r\n\r\n").nth(1).unwrap().len();
    let serving =
        Serving::described(|builder| builder.limits(limits(|limits| limits.max_body_bytes = size))).await;
    assert!(serving.raw(&text).await.starts_with("HTTP/1.1 200"));
    let serving =
        Serving::described(|builder| builder.limits(limits(|limits| limits.max_body_bytes = size - 1))).await;
    assert!(serving.raw(&text).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let short = limits(|limits| limits.body_timeout = Duration::from_millis(50));
    let serving = Serving::described(|builder| builder.limits(short)).await;
    let text = raw_echo("");
    let mut socket = serving.connect().await;
    socket.write_all(&text.as_bytes()[..text.len() - 1]).await.unwrap();
    let answer = read_to_end(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn one_request_more_than_there_may_be_is_told_to_come_back() {
    let (stage, mut events) = Stage::new();
    let one = limits(|limits| limits.max_requests = 1);
    let serving = Serving::start(McpService::builder(stage.server()).limits(one).build()).await;
    let (first, ()) = tokio::join!(serving.send(call("wait", json!({}))), async {
        assert_eq!(patiently(events.recv()).await, Some("began"));
        let reply = serving.send(call("echo", json!({"text": "hi"}))).await;
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(reply.header("retry-after"), Some("1"));
        stage.go.notify_one();
    });
    assert_eq!(first.status, StatusCode::OK);
    let reply = serving.send(call("echo", json!({"text": "hi"}))).await;
    assert_eq!(reply.status, StatusCode::OK);
}

#[tokio::test]
async fn streams_have_places_of_their_own() {
    let (stage, _events) = Stage::new();
    let few = limits(|limits| {
        limits.max_requests = 1;
        limits.max_streams = 2;
    });
    let service = McpService::builder(stage.server()).limits(few).answers(Answers::AlwaysStream).build();
    let serving = Serving::start(service).await;
    let first = serving.begin(call("wait", json!({}))).await;
    let _second = serving.begin(call("wait", json!({}))).await;
    let reply = serving.send(call("wait", json!({}))).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.json()["id"], 7);
    stage.go.notify_one();
    assert_eq!(Reply::read(first).await.events().len(), 1);
    let third = serving.begin(call("wait", json!({}))).await;
    assert_eq!(third.status(), StatusCode::OK);
}

#[tokio::test]
async fn nothing_but_a_body_is_waited_for() {
    let serving = Serving::plain().await;
    let mut request = call("echo", json!({"text": "hi"}));
    *request.body_mut() = Full::default();
    assert_eq!(serving.send(request).await.code(), Some(-32700));
}
