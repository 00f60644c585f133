//! How long sessions live without their clients, in a time that passes only when it is told to.

use std::time::Duration;

use car_mcp_http::server::{McpService, SessionOptions};
use http::StatusCode;

use crate::peer::{Peer, described, hello, ping};
use crate::stage::Stage;

fn short_lived(stage: &Stage) -> McpService {
    described(stage, |builder| {
        let mut options = SessionOptions::default();
        options.idle = Duration::from_secs(100);
        options.grace = Duration::from_secs(10);
        options.max_sessions = 3;
        builder.sessions(options)
    })
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_ends_and_one_that_is_used_does_not() {
    let service = short_lived(&Stage::default());
    let (idle, used) = (Peer::begun(&service).await, Peer::begun(&service).await);
    pass(60).await;
    assert_eq!(used.post(ping(2)).await.status, StatusCode::OK);
    pass(60).await;
    assert_eq!(idle.post(ping(2)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(used.post(ping(2)).await.status, StatusCode::OK);
    assert_eq!(service.session_count(), 1);
    pass(110).await;
    assert_eq!(service.session_count(), 0, "cleared away without having been asked for");
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_keeps_a_session() {
    let service = short_lived(&Stage::default());
    let peer = Peer::begun(&service).await;
    let own = peer.get().await;
    pass(1_000).await;
    assert!(peer.push("{}"));
    drop(own);
    pass(9).await;
    assert!(peer.push("{}"), "it may come back");
    pass(7).await;
    assert!(!peer.push("{}"));
    assert_eq!(service.session_count(), 0);
    assert_eq!(peer.get().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_lost_its_stream_and_still_asks_is_not_gone() {
    let service = short_lived(&Stage::default());
    let peer = Peer::begun(&service).await;
    drop(peer.get().await);
    pass(5).await;
    assert_eq!(peer.post(ping(2)).await.status, StatusCode::OK);
    pass(50).await;
    assert_eq!(peer.post(ping(3)).await.status, StatusCode::OK);
    assert!(!peer.push("{}"), "but it does not read");
}

#[tokio::test(start_paused = true)]
async fn what_was_pushed_while_a_client_was_away_waits_for_it() {
    let service = short_lived(&Stage::default());
    let peer = Peer::begun(&service).await;
    let mut own = peer.get().await;
    let id = own.event().await.unwrap().id.unwrap();
    drop(own);
    assert!(peer.push("{\"a\":1}"));
    pass(8).await;
    assert!(peer.push("{\"a\":2}"));
    let mut again = peer.resume(&id).await;
    assert_eq!(again.message().await.unwrap()["a"], 1);
    assert_eq!(again.message().await.unwrap()["a"], 2);
    pass(500).await;
    assert!(peer.push("{\"a\":3}"));
    assert_eq!(again.message().await.unwrap()["a"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_session_with_work_under_way_outlives_its_stream() {
    let stage = Stage::default();
    let service = short_lived(&stage);
    let peer = Peer::begun(&service).await;
    let own = peer.get().await;
    let mut call = peer.call(2, "leave").await;
    let id = call.event().await.unwrap().id.unwrap();
    drop((own, call));
    pass(60).await;
    stage.go.add_permits(1);
    Stage::one(&stage.ended).await;
    assert!(peer.resume(&id).await.message().await.is_some());
    // But not for ever.
    drop(peer.call(3, "leave").await);
    pass(120).await;
    assert_eq!(service.session_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_too_many_is_told_to_wait_until_one_ends() {
    let service = short_lived(&Stage::default());
    let peers = [Peer::begun(&service).await, Peer::begun(&service).await, Peer::begun(&service).await];
    let late = Peer::new(&service);
    let reply = late.post(hello("2025-11-25")).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(reply.header("retry-after").is_some());
    assert_eq!(reply.header("mcp-session-id"), None);
    assert_eq!(peers[0].delete().await.status, StatusCode::NO_CONTENT);
    assert_eq!(late.post(hello("2025-11-25")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn closing_the_service_ends_every_session_in_good_order() {
    let stage = Stage::default();
    let service = described(&stage, |builder| builder);
    let peer = Peer::begun(&service).await;
    let own = peer.get().await;
    let mut call = peer.call(2, "leave").await;
    let id = call.event().await.unwrap().id.unwrap();
    drop(call);
    let again = peer.resume(&id).await;
    service.close();
    assert!(own.messages().await.is_empty());
    assert!(again.messages().await.is_empty());
    assert_eq!(service.session_count(), 0);
    assert_eq!(peer.post(ping(3)).await.status, StatusCode::NOT_FOUND);
}
