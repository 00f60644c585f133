//! Legacy clients of a server that keeps nothing of them.

use car_mcp_http::server::LegacyMode;
use http::StatusCode;
use serde_json::json;

use crate::peer::{Peer, call, described, hello, ping, text};
use crate::stage::Stage;

fn stateless(stage: &Stage) -> Peer {
    Peer::new(&described(stage, |builder| builder.legacy(LegacyMode::Stateless)))
}

#[tokio::test]
async fn each_request_stands_alone() {
    let mut peer = stateless(&Stage::default());
    let reply = peer.post(hello("2025-06-18")).await;
    assert_eq!((reply.status, reply.header("mcp-session-id")), (StatusCode::OK, None));
    for version in [None, Some("2025-06-18"), Some("2025-03-26")] {
        peer.version = version;
        assert_eq!(text(&peer.call(2, "greet").await.whole().await.json()), "hello");
        assert_eq!(peer.post(ping(3)).await.status, StatusCode::OK);
        let notification = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(peer.post(notification).await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(peer.service.session_count(), 0);
}

#[tokio::test]
async fn there_is_nothing_to_get_and_nothing_to_delete() {
    let peer = stateless(&Stage::default());
    for reply in [peer.get().await, peer.delete().await] {
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(reply.header("allow"), Some("POST"));
    }
}

#[tokio::test]
async fn w04_a_client_that_names_no_revision_is_taken_for_one_that_has_batches() {
    let mut peer = stateless(&Stage::default());
    assert_eq!(peer.post(json!([ping(2)])).await.status, StatusCode::OK);
    peer.version = Some("2025-06-18");
    assert_eq!(peer.post(json!([ping(2)])).await.status, StatusCode::BAD_REQUEST);
    peer.version = Some("nonsense");
    assert_eq!(peer.post(ping(2)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_stream_has_no_ids_to_come_back_with() {
    let mut peer = stateless(&Stage::default());
    peer.version = Some("2025-11-25");
    let mut reply = peer.post(call(2, "count", json!({"to": 3}))).await;
    while reply.is_stream() {
        let Some(event) = reply.event().await else { return };
        assert_eq!((event.id, event.retry), (None, None));
    }
    assert_eq!(text(&reply.whole().await.json()), "counted");
}

#[tokio::test]
async fn a_client_that_vanishes_does_not_cancel() {
    let stage = Stage::default();
    let mut peer = stateless(&stage);
    peer.accept = "application/json";
    tokio::select! {
        _ = peer.call(2, "wait") => panic!("expected a call that waits"),
        () = Stage::one(&stage.begun) => {}
    }
    stage.go.add_permits(1);
    Stage::one(&stage.ended).await;
}
