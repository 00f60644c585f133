//! What the specification asks of sessions, rule by rule.

use std::collections::HashSet;

use car_mcp::server::Principal;
use car_mcp::transport::BoxFuture;
use car_mcp_http::server::protect::{
    BearerToken, ProtectedResource, TokenVerifier, VerifiedToken, VerifyError,
};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;

use crate::peer::{Peer, call, described, hello, ping, text};
use crate::stage::Stage;

#[tokio::test]
async fn w01_requests_are_answered_and_the_rest_is_accepted() {
    let mut peer = Peer::plain();
    peer.begin("2025-11-25").await;
    let reply = peer.call(2, "greet").await.whole().await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, Some("application/json")));
    assert_eq!(text(&reply.json()), "hello");
    for message in [
        json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}),
        json!({"jsonrpc": "2.0", "id": "never asked", "result": {}}),
    ] {
        let reply = peer.post(message).await.whole().await;
        assert_eq!((reply.status, reply.body.len()), (StatusCode::ACCEPTED, 0));
    }
    assert!(peer.get().await.is_stream());
}

#[tokio::test]
async fn w01_an_error_is_an_answer_like_any_other() {
    let mut peer = Peer::plain();
    peer.begin("2025-06-18").await;
    let reply = peer.call(2, "nowhere").await.whole().await;
    assert_eq!((reply.status, reply.code()), (StatusCode::OK, -32602));
    let reply = peer.post(json!({"jsonrpc": "2.0", "id": 3, "method": "no/such"})).await.whole().await;
    assert_eq!((reply.status, reply.code()), (StatusCode::OK, -32601));
}

#[tokio::test]
async fn w01_what_is_no_message_is_refused() {
    let mut peer = Peer::plain();
    peer.begin("2025-11-25").await;
    for (body, code) in [("{", -32700), ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600), ("17", -32600)] {
        let reply = peer.post_text(body).await.whole().await;
        assert_eq!((reply.status, reply.code()), (StatusCode::BAD_REQUEST, code), "{body}");
    }
}

#[tokio::test]
async fn w02_session_ids_are_visible_ascii_long_enough_and_never_the_same() {
    let peer = Peer::plain();
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let reply = peer.post(hello("2025-11-25")).await;
        let id = reply.header("mcp-session-id").unwrap().to_owned();
        assert!(id.bytes().all(|byte| matches!(byte, 0x21..=0x7e)));
        assert!(id.len() * 6 >= 128);
        assert!(seen.insert(id));
    }
    assert_eq!(peer.service.session_count(), 100);
}

#[tokio::test]
async fn w02_an_initialize_that_fails_begins_no_session() {
    let peer = Peer::plain();
    let reply = peer.post(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})).await;
    assert_eq!(reply.header("mcp-session-id"), None);
    assert_eq!(reply.whole().await.code(), -32602);
    assert_eq!(peer.service.session_count(), 0);
}

#[tokio::test]
async fn w02_a_client_cannot_choose_its_session() {
    let mut peer = Peer::plain();
    peer.session = Some("AAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let reply = peer.post(hello("2025-11-25")).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.header("mcp-session-id"), None);
    assert_eq!(peer.service.session_count(), 0);
}

#[tokio::test]
async fn w03_a_missing_session_is_a_fault_and_an_unknown_one_is_not_found() {
    let mut peer = Peer::plain();
    peer.begin("2025-11-25").await;
    let good = peer.session.take();
    for id in [None, Some("x"), Some("AAAAAAAAAAAAAAAAAAAAAAAA"), Some("")] {
        peer.session = id.map(str::to_owned);
        let expected = if id.is_none() { StatusCode::BAD_REQUEST } else { StatusCode::NOT_FOUND };
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        for reply in
            [peer.post(ping(2)).await, peer.post(notification).await, peer.get().await, peer.delete().await]
        {
            let reply = reply.whole().await;
            assert_eq!((reply.status, reply.code()), (expected, -32600), "{id:?}");
        }
    }
    peer.session = good.clone();
    let twice = [("mcp-session-id", good.as_deref().unwrap()), ("content-type", "application/json")];
    let reply = peer.send(Method::POST, &twice, ping(2).to_string().into()).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(peer.post(ping(2)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn w03_a_session_that_was_ended_is_not_found_and_its_streams_end() {
    let stage = Stage::default();
    let peer = Peer::begun(&described(&stage, |builder| builder)).await;
    let mut own = peer.get().await;
    assert_eq!(own.event().await.unwrap().data, "");
    assert!(peer.push("{\"a\":1}"));
    let reply = peer.delete().await.whole().await;
    assert_eq!((reply.status, reply.body.len()), (StatusCode::NO_CONTENT, 0));
    assert_eq!(own.messages().await, [json!({"a": 1})]);
    for reply in [peer.post(ping(2)).await, peer.get().await, peer.delete().await] {
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }
    assert!(!peer.push("{}"));
    assert_eq!(peer.service.session_count(), 0);
}

#[tokio::test]
async fn w04_a_revision_that_is_not_spoken_is_a_fault() {
    let mut peer = Peer::plain();
    peer.begin("2025-11-25").await;
    for (version, expected) in [
        (None, StatusCode::OK),
        (Some("2025-11-25"), StatusCode::OK),
        (Some("2025-03-26"), StatusCode::OK),
        (Some("2024-01-01"), StatusCode::BAD_REQUEST),
        (Some("2026-07-28"), StatusCode::BAD_REQUEST),
        (Some("nonsense"), StatusCode::BAD_REQUEST),
        (Some(""), StatusCode::BAD_REQUEST),
    ] {
        peer.version = version;
        assert_eq!(peer.post(ping(2)).await.status, expected, "{version:?}");
        if expected == StatusCode::BAD_REQUEST {
            assert_eq!(peer.get().await.status, expected, "{version:?}");
            assert_eq!(peer.delete().await.status, expected, "{version:?}");
        }
    }
}

#[tokio::test]
async fn a_second_initialize_is_refused_and_the_session_goes_on() {
    let mut peer = Peer::plain();
    peer.begin("2025-06-18").await;
    let reply = peer.post(hello("2025-11-25")).await.whole().await;
    assert_eq!(reply.code(), -32600);
    assert_eq!(reply.header("mcp-session-id"), None);
    assert_eq!(peer.post(ping(2)).await.status, StatusCode::OK);
    assert_eq!(peer.service.session_count(), 1);
}

#[tokio::test]
async fn a_request_too_many_is_told_to_wait() {
    let stage = Stage::default();
    let service = described(&stage, |builder| {
        let mut options = car_mcp_http::server::SessionOptions::default();
        options.max_requests = 2;
        builder.sessions(options)
    });
    let mut peer = Peer::begun(&service).await;
    peer.accept = "application/json";
    let (first, second) = (peer.clone(), peer.clone());
    #[expect(clippy::disallowed_methods, reason = "two calls wait while a third is made")]
    let waiting = tokio::spawn(async move { tokio::join!(first.call(2, "wait"), second.call(3, "wait")) });
    Stage::one(&stage.begun).await;
    Stage::one(&stage.begun).await;
    let reply = peer.post(ping(4)).await.whole().await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(reply.header("retry-after").is_some());
    stage.go.add_permits(2);
    let (first, second) = waiting.await.unwrap();
    assert_eq!(text(&first.whole().await.json()), "waited");
    assert_eq!(text(&second.whole().await.json()), "waited");
    assert_eq!(peer.post(ping(4)).await.status, StatusCode::OK);
}

/// Takes any token for the name of its owner.
struct Names;

impl TokenVerifier for Names {
    fn verify<'a>(
        &'a self,
        token: BearerToken<'a>,
        _: &'a Parts,
    ) -> BoxFuture<'a, Result<VerifiedToken, VerifyError>> {
        let principal = Principal::new(token.expose());
        Box::pin(std::future::ready(Ok(VerifiedToken::new(principal))))
    }
}

#[tokio::test]
async fn a_session_is_of_no_use_to_anybody_else() {
    let service = described(&Stage::default(), |builder| {
        let issuers = ["https://issuer.example"];
        builder.protect(ProtectedResource::new("http://localhost/mcp", issuers, Names).unwrap())
    });
    let mut alice = Peer::new(&service);
    alice.token = Some("alice");
    alice.begin("2025-11-25").await;
    let mut mallory = alice.clone();
    mallory.token = Some("mallory");
    let attempts = [
        mallory.call(2, "greet").await,
        mallory
            .post(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}))
            .await,
        mallory.get().await,
        mallory.resume("0-0").await,
        mallory.delete().await,
    ];
    for attempt in attempts {
        assert_eq!(attempt.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(alice.post(call(2, "greet", json!({}))).await.status, StatusCode::OK);
}
