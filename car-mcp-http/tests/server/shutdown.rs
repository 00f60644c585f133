//! How a server ends.

use std::time::Duration;

use car_mcp_http::server::{ConnectionLimits, McpService};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::serving::{Serving, Stage, call, patiently, raw_call, raw_echo, read_to_end};

#[tokio::test]
async fn idle_connections_are_closed_and_nobody_listens_any_more() {
    let mut serving = Serving::plain().await;
    let mut idle = serving.connect().await;
    idle.write_all(raw_echo("").as_bytes()).await.unwrap();
    let mut head = [0; 12];
    patiently(idle.read_exact(&mut head)).await.unwrap();
    let mut silent = serving.connect().await;
    serving.end();
    for socket in [&mut idle, &mut silent] {
        read_to_end(socket).await;
    }
    drop((idle, silent));
    patiently(&mut serving.task).await.unwrap();
    assert!(tokio::net::TcpStream::connect(serving.address).await.is_err());
}

#[tokio::test]
async fn the_server_waits_for_a_request_as_long_as_it_may_and_no_longer() {
    for (grace, ends) in [(Duration::from_secs(20), "ended"), (Duration::from_millis(50), "dropped")] {
        let (stage, mut events) = Stage::new();
        let mut limits = ConnectionLimits::default();
        limits.grace = grace;
        let mut serving = Serving::start_with(McpService::new(stage.server()), limits).await;
        let mut socket = serving.connect().await;
        socket.write_all(raw_call("wait", &json!({}), "").as_bytes()).await.unwrap();
        assert_eq!(patiently(events.recv()).await, Some("began"));
        serving.end();
        if ends == "ended" {
            serving.until_nobody_listens().await;
            stage.go.notify_one();
        }
        assert_eq!(patiently(events.recv()).await, Some(ends));
        let answer = read_to_end(&mut socket).await;
        assert_eq!(answer.contains("waited"), ends == "ended", "{answer}");
        patiently(&mut serving.task).await.unwrap();
    }
}

#[tokio::test]
async fn dropping_the_server_cuts_its_connections() {
    let (stage, mut events) = Stage::new();
    let serving = Serving::start(McpService::new(stage.server())).await;
    let response = serving.send(call("wait", json!({})));
    let mut response = Box::pin(response);
    tokio::select! {
        _ = &mut response => panic!("nothing was let go"),
        event = patiently(events.recv()) => assert_eq!(event, Some("began")),
    }
    serving.task.abort();
    assert_eq!(patiently(events.recv()).await, Some("dropped"));
    drop(response);
}
