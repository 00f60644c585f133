//! A client that goes away takes its modern request with it.

use std::time::Duration;

use car_mcp_http::server::{McpService, ServiceLimits};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::serving::{Serving, Stage, call, patiently, raw_call};

#[tokio::test]
async fn v08_a_client_that_closes_before_there_is_an_answer_cancels_the_request() {
    let (stage, mut events) = Stage::new();
    let serving = Serving::start(McpService::new(stage.server())).await;
    let mut socket = serving.connect().await;
    socket.write_all(raw_call("wait", &json!({}), "").as_bytes()).await.unwrap();
    assert_eq!(patiently(events.recv()).await, Some("began"));
    drop(socket);
    assert_eq!(patiently(events.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn v08_a_client_that_closes_its_stream_cancels_the_request() {
    let (stage, mut events) = Stage::new();
    let mut limits = ServiceLimits::default();
    limits.keep_alive = Duration::from_millis(10);
    let serving = Serving::start(McpService::builder(stage.server()).limits(limits).build()).await;
    let mut response = serving.begin(call("wait", json!({}))).await;
    assert!(patiently(response.frame()).await.is_some());
    assert_eq!(patiently(events.recv()).await, Some("began"));
    drop(response);
    assert_eq!(patiently(events.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn v08_a_stream_that_is_closed_while_it_says_nothing_cancels_too() {
    let (stage, mut events) = Stage::new();
    let service =
        McpService::builder(stage.server()).answers(car_mcp_http::server::Answers::AlwaysStream).build();
    let serving = Serving::start(service).await;
    let mut response = serving.begin(call("wait", json!({}))).await;
    assert!(patiently(response.frame()).await.is_some());
    assert_eq!(patiently(events.recv()).await, Some("began"));
    drop(response);
    assert_eq!(patiently(events.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn v08_resetting_an_http2_stream_cancels_its_request_and_no_other() {
    let (stage, mut events) = Stage::new();
    let serving = Serving::start(McpService::new(stage.server())).await;
    let socket = hyper_util::rt::TokioIo::new(serving.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, socket).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "hyper's client wants a task for each connection")]
    drop(tokio::spawn(connection));
    let mut request = || {
        let mut request = call("wait", json!({}));
        *request.uri_mut() = "http://localhost/mcp".parse().unwrap();
        Box::pin(sender.send_request(request))
    };
    let (first, second) = (request(), request());
    // Both have to be polled to be sent.
    let mut both = Box::pin(async { tokio::join!(first, second) });
    let begun = async {
        assert_eq!(patiently(events.recv()).await, Some("began"));
        assert_eq!(patiently(events.recv()).await, Some("began"));
    };
    tokio::select! {
        biased;
        _ = &mut both => panic!("nothing was let go"),
        () = begun => {}
    }
    stage.go.notify_one();
    assert_eq!(patiently(events.recv()).await, Some("ended"));
    drop(both);
    assert_eq!(patiently(events.recv()).await, Some("dropped"));
}
