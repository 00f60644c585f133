//! How modern requests are answered: by one body, by a stream, and when.

use std::time::Duration;

use car_mcp_http::server::{Answers, LegacyMode, McpService, ServiceLimits};
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::serving::{Serving, Stage, call, modern, patiently};

fn accepting(accept: Option<&'static str>) -> http::Request<http_body_util::Full<bytes::Bytes>> {
    let mut request = call("echo", json!({"text": "hi"}));
    request.headers_mut().remove("accept");
    if let Some(accept) = accept {
        request.headers_mut().insert("accept", HeaderValue::from_static(accept));
    }
    request
}

#[tokio::test]
async fn v05_a_call_that_is_answered_at_once_is_one_json_body() {
    let serving = Serving::plain().await;
    for accept in [None, Some("*/*"), Some("application/json"), Some("text/event-stream, application/json")] {
        let reply = serving.send(accepting(accept)).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, Some("application/json")));
        assert_eq!(reply.json()["result"]["content"][0]["text"], "hi");
        assert_eq!(reply.json()["id"], 7);
        assert_eq!(reply.header("mcp-session-id"), None, "v14: sessions are not minted");
    }
}

#[tokio::test]
async fn a_client_that_takes_only_streams_gets_one() {
    let serving = Serving::plain().await;
    let reply = serving.send(accepting(Some("text/event-stream"))).await;
    assert_eq!(reply.events()[0]["result"]["content"][0]["text"], "hi");
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(reply.header("x-accel-buffering"), Some("no"), "v07");
}

#[tokio::test]
async fn always_streaming_still_tells_errors_by_their_status() {
    let serving = Serving::described(|builder| builder.answers(Answers::AlwaysStream)).await;
    let reply = serving.send(accepting(Some("application/json, text/event-stream"))).await;
    assert_eq!(reply.events().len(), 1);
    let reply = serving.send(accepting(Some("application/json"))).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "hi");
    let reply = serving.send(modern("nothing", None, json!({}))).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::NOT_FOUND, Some(-32601)));
}

#[tokio::test]
async fn a_call_that_takes_long_becomes_a_stream_that_is_kept_alive() {
    let (stage, mut events) = Stage::new();
    let mut limits = ServiceLimits::default();
    limits.keep_alive = Duration::from_millis(50);
    let serving = Serving::start(McpService::builder(stage.server()).limits(limits).build()).await;
    let mut response = serving.begin(call("wait", json!({}))).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    for _ in 0..3 {
        let comment = patiently(response.frame()).await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(comment, ":\n\n");
    }
    stage.go.notify_one();
    let reply = crate::serving::Reply::read(response).await;
    assert_eq!(reply.events()[0]["result"]["content"][0]["text"], "waited");
    assert_eq!((events.recv().await, events.recv().await), (Some("began"), Some("ended")));
}

#[tokio::test]
async fn a_client_that_takes_no_stream_waits_for_its_body() {
    let (stage, mut events) = Stage::new();
    let mut limits = ServiceLimits::default();
    limits.keep_alive = Duration::from_millis(1);
    let serving = Serving::start(McpService::builder(stage.server()).limits(limits).build()).await;
    let mut request = call("wait", json!({}));
    request.headers_mut().insert("accept", HeaderValue::from_static("application/json"));
    let answer = async {
        assert_eq!(events.recv().await, Some("began"));
        tokio::time::sleep(Duration::from_millis(20)).await;
        stage.go.notify_one();
    };
    let (reply, ()) = tokio::join!(serving.send(request), answer);
    assert_eq!(reply.json()["result"]["content"][0]["text"], "waited");
}

#[tokio::test]
async fn a_request_that_takes_longer_than_allowed_is_dropped_and_answered() {
    let (stage, mut events) = Stage::new();
    let mut limits = ServiceLimits::default();
    limits.request_timeout = Some(Duration::from_millis(50));
    let serving = Serving::start(McpService::builder(stage.server()).limits(limits).build()).await;
    let reply = serving.send(call("wait", json!({}))).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::OK, Some(-32603)));
    assert_eq!(reply.json()["id"], 7);
    assert_eq!((events.recv().await, events.recv().await), (Some("began"), Some("dropped")));
}

#[tokio::test]
async fn v14_there_is_only_post_for_modern_clients() {
    for (mode, allowed) in [(LegacyMode::Sessions, "POST"), (LegacyMode::Off, "POST")] {
        let serving = Serving::described(|builder| builder.legacy(mode)).await;
        for method in ["GET", "DELETE"] {
            let mut request = modern("tools/list", None, json!({}));
            *request.method_mut() = method.parse().unwrap();
            let reply = serving.send(request).await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(reply.header("allow"), Some(allowed));
        }
    }
    let serving = Serving::plain().await;
    let mut request = modern("tools/list", None, json!({}));
    *request.method_mut() = http::Method::PUT;
    let reply = serving.send(request).await;
    assert_eq!(reply.header("allow"), Some("GET, POST, DELETE"));
}

#[tokio::test]
async fn v14_headers_of_the_legacy_era_mean_nothing_to_a_modern_request() {
    let serving = Serving::plain().await;
    let mut request = call("echo", json!({"text": "hi"}));
    request.headers_mut().insert("mcp-session-id", HeaderValue::from_static("nobody"));
    request.headers_mut().insert("last-event-id", HeaderValue::from_static("17"));
    let reply = serving.send(request).await;
    assert_eq!(reply.json()["result"]["content"][0]["text"], "hi");
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    use http_body_util::BodyExt as _;
    let serving = Serving::plain().await;
    let socket = hyper_util::rt::TokioIo::new(serving.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(socket).await.unwrap();
    let requests = async move {
        for index in 0..100 {
            let mut request = call("echo", json!({"text": format!("{index}")}));
            request.headers_mut().insert("host", HeaderValue::from_static("localhost"));
            let response = patiently(sender.send_request(request)).await.unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let reply: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(reply["result"]["content"][0]["text"], format!("{index}"));
        }
    };
    let (connection, ()) = tokio::join!(connection, requests);
    connection.unwrap();
}

#[tokio::test]
async fn http2_is_served_on_the_same_port() {
    let serving = Serving::plain().await;
    let socket = hyper_util::rt::TokioIo::new(serving.connect().await);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, socket).await.unwrap();
    let requests = async move {
        let mut request = call("echo", json!({"text": "hi"}));
        *request.uri_mut() = "http://localhost/mcp".parse().unwrap();
        let reply = crate::serving::Reply::read(sender.send_request(request).await.unwrap()).await;
        assert_eq!(reply.json()["result"]["content"][0]["text"], "hi");
        let mut request = call("echo", json!({"text": "hi"}));
        *request.uri_mut() = "http://evil.example.com/mcp".parse().unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), StatusCode::FORBIDDEN);
    };
    tokio::select! {
        _ = connection => panic!("the connection ended before its requests"),
        () = requests => {}
    }
}
