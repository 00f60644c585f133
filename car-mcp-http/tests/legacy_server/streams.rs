//! Streams of requests and of sessions: when there is one, what it begins with, and what happens when it is cut.

use std::time::Duration;

use car_mcp_http::server::{Answers, ServiceLimits, SessionOptions};
use http::StatusCode;
use serde_json::{Value, json};

use crate::peer::{Peer, Reply, call, described, text};
use crate::stage::Stage;

async fn begun(stage: &Stage) -> Peer {
    Peer::begun(&described(stage, |builder| builder)).await
}

fn count(id: u64, to: u64) -> Value {
    call(id, "count", json!({"to": to}))
}

/// Reads a number of messages and returns the id of the last.
async fn read(reply: &mut Reply, count: usize) -> String {
    let mut last = String::new();
    let mut read = 0;
    while read < count {
        let event = reply.event().await.unwrap();
        read += usize::from(!event.data.is_empty());
        last = event.id.unwrap();
    }
    last
}

#[tokio::test]
async fn w05_a_stream_begins_with_an_id_to_come_back_with() {
    let peer = begun(&Stage::default()).await;
    let mut reply = peer.post(count(2, 1)).await;
    assert_eq!(reply.header("cache-control"), Some("no-cache, no-transform"));
    assert_eq!(reply.header("x-accel-buffering"), Some("no"));
    let first = reply.event().await.unwrap();
    assert_eq!((&*first.data, first.retry.as_deref(), first.kind), ("", Some("1000"), None));
    let second = reply.event().await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(second.kind.as_deref(), Some("message"));
    assert_eq!(second.json()["params"]["data"], 1);
    assert_eq!(text(&reply.message().await.unwrap()), "counted");
    assert_eq!(reply.event().await, None, "nothing comes after the answer");
    let own = peer.get().await.event().await.unwrap();
    assert_eq!((&*own.data, own.retry.as_deref()), ("", Some("1000")));
}

#[tokio::test]
async fn w05_older_clients_are_spared_an_event_without_a_message() {
    for version in ["2025-03-26", "2025-06-18"] {
        let mut peer = Peer::plain();
        peer.begin(version).await;
        let mut reply = peer.post(count(2, 1)).await;
        let first = reply.event().await.unwrap();
        assert_eq!(first.json()["params"]["data"], 1, "{version}");
        assert!(first.id.is_some() && first.retry.is_none());
        // They can come back all the same.
        drop(reply);
        let rest = peer.resume(&first.id.unwrap()).await.messages().await;
        assert_eq!(text(&rest[0]), "counted");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_long_becomes_a_stream() {
    let stage = Stage::default();
    let peer = begun(&stage).await;
    let started = tokio::time::Instant::now();
    let mut reply = peer.call(2, "wait").await;
    assert_eq!(started.elapsed().as_secs(), 15);
    assert_eq!(reply.event().await.unwrap().data, "");
    tokio::time::advance(Duration::from_secs(40)).await;
    stage.go.add_permits(1);
    assert_eq!(text(&reply.message().await.unwrap()), "waited");
    assert_eq!(reply.event().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_no_stream_is_told_the_answer_alone() {
    let stage = Stage::default();
    let mut peer = begun(&stage).await;
    peer.accept = "application/json";
    assert_eq!(text(&peer.post(count(2, 5)).await.whole().await.json()), "counted");
    stage.go.add_permits(1);
    assert_eq!(text(&peer.call(3, "leave").await.whole().await.json()), "came back");
}

#[tokio::test]
async fn a_client_that_takes_streams_alone_gets_one() {
    let mut peer = Peer::plain();
    peer.accept = "text/event-stream";
    let reply = peer.post(crate::peer::hello("2025-11-25")).await;
    peer.session = reply.header("mcp-session-id").map(str::to_owned);
    assert_eq!(reply.messages().await[0]["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(text(&peer.call(2, "greet").await.messages().await[0]), "hello");
}

#[tokio::test]
async fn a_service_can_be_told_to_stream_always() {
    let service = described(&Stage::default(), |builder| builder.answers(Answers::AlwaysStream));
    let peer = Peer::begun(&service).await;
    assert_eq!(text(&peer.call(2, "greet").await.messages().await[0]), "hello");
}

#[tokio::test]
async fn w05_a_client_that_vanishes_does_not_cancel_and_finds_its_answer() {
    let stage = Stage::default();
    let peer = begun(&stage).await;
    let mut reply = peer
        .post(json!({
            "jsonrpc": "2.0", "id": 2, "method": "tools/call",
            "params": {"name": "leave", "arguments": {}},
        }))
        .await;
    let id = reply.event().await.unwrap().id.unwrap();
    drop(reply);
    Stage::one(&stage.begun).await;
    stage.go.add_permits(1);
    Stage::one(&stage.ended).await;
    let mut again = peer.resume(&id).await;
    assert_eq!(text(&again.message().await.unwrap()), "came back");
    assert_eq!(again.event().await, None);
}

#[tokio::test]
async fn w05_a_request_goes_on_when_nobody_waits_for_its_answer_any_more() {
    let stage = Stage::default();
    let peer = begun(&stage).await;
    tokio::select! {
        _ = peer.call(2, "wait") => panic!("expected a call that waits"),
        () = Stage::one(&stage.begun) => {}
    }
    stage.go.add_permits(1);
    Stage::one(&stage.ended).await;
}

#[tokio::test]
async fn w05_a_handler_can_send_its_client_away_and_the_answer_waits() {
    let stage = Stage::default();
    let peer = begun(&stage).await;
    let mut reply = peer.call(2, "leave").await;
    let first = reply.event().await.unwrap();
    assert_eq!((&*first.data, first.retry.as_deref()), ("", Some("1000")));
    assert_eq!(reply.event().await, None, "closed in good order");
    drop(reply);
    let mut again = peer.resume(&first.id.unwrap()).await;
    assert_eq!(again.event().await.unwrap().data, "");
    stage.go.add_permits(1);
    assert_eq!(text(&again.message().await.unwrap()), "came back");
    assert_eq!(again.event().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_older_client_is_not_sent_away() {
    let stage = Stage::default();
    let mut peer = Peer::new(&described(&stage, |builder| builder));
    peer.begin("2025-06-18").await;
    let mut reply = peer.call(2, "leave").await;
    stage.go.add_permits(1);
    assert_eq!(text(&reply.message().await.unwrap()), "came back");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_dropped_and_answered() {
    let service = described(&Stage::default(), |builder| {
        let mut limits = ServiceLimits::default();
        limits.request_timeout = Some(Duration::from_secs(60));
        builder.limits(limits)
    });
    let mut peer = Peer::begun(&service).await;
    let started = tokio::time::Instant::now();
    let answer = peer.call(2, "wait").await.message().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(2), &json!(-32603)));
    assert_eq!(started.elapsed().as_secs(), 60);
    // The time goes on while its client is away.
    let mut reply = peer.call(3, "leave").await;
    let id = reply.event().await.unwrap().id.unwrap();
    drop(reply);
    let answer = peer.resume(&id).await.message().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(-32603)));
    assert_eq!(started.elapsed().as_secs(), 120);
    peer = Peer::new(&service);
    peer.begin("2025-03-26").await;
    peer.accept = "application/json";
    let answers =
        peer.post(json!([call(4, "wait", json!({})), crate::peer::ping(5)])).await.whole().await.json();
    assert!(
        answers
            .as_array()
            .unwrap()
            .iter()
            .any(|answer| answer["error"]["code"] == -32603 && answer["id"] == 4)
    );
    assert_eq!(answers.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_request_that_its_client_takes_back_ends_without_an_answer() {
    let stage = Stage::default();
    let peer = begun(&stage).await;
    let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}});
    let taking_back = async {
        Stage::one(&stage.begun).await;
        assert_eq!(peer.post(cancel.clone()).await.status, StatusCode::ACCEPTED);
    };
    let (reply, ()) = tokio::join!(peer.call(2, "wait"), taking_back);
    assert!(reply.is_stream());
    assert_eq!(reply.messages().await, Vec::<Value>::new());
    let mut plain = peer.clone();
    plain.accept = "application/json";
    let taking_back = async {
        Stage::one(&stage.begun).await;
        assert_eq!(peer.post(cancel.clone()).await.status, StatusCode::ACCEPTED);
    };
    let (reply, ()) = tokio::join!(plain.call(2, "wait"), taking_back);
    assert_eq!(reply.status, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn w05_nothing_of_another_stream_is_said_again() {
    let peer = begun(&Stage::default()).await;
    let (mut first, mut second) = (peer.post(count(2, 6)).await, peer.post(count(3, 6)).await);
    let mut own = peer.get().await;
    assert!(peer.push("{\"own\":1}"));
    let (last_first, last_second) = (read(&mut first, 2).await, read(&mut second, 3).await);
    let last_own = read(&mut own, 1).await;
    drop((first, second, own));
    let numbers = |messages: Vec<Value>| -> Vec<Value> {
        let (last, rest) = messages.split_last().unwrap();
        assert_eq!(text(last), "counted");
        rest.iter().map(|message| message["params"]["data"].clone()).collect()
    };
    assert_eq!(numbers(peer.resume(&last_first).await.messages().await), [3, 4, 5, 6]);
    assert_eq!(numbers(peer.resume(&last_second).await.messages().await), [4, 5, 6]);
    let mut own = peer.resume(&last_own).await;
    assert!(peer.push("{\"own\":2}"));
    assert_eq!(own.message().await.unwrap(), json!({"own": 2}));
}

#[tokio::test]
async fn w05_an_event_id_of_another_session_gives_nothing_of_it() {
    let service = described(&Stage::default(), |builder| builder);
    let (first, second) = (Peer::begun(&service).await, Peer::begun(&service).await);
    let mut reply = first.post(count(2, 6)).await;
    let stolen = read(&mut reply, 2).await;
    drop(reply);
    let refused = second.resume(&stolen).await.whole().await;
    assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, -32600));
    // With as much said in the second session it is one of its own ids, and stands for what was said there.
    let mut reply = second.post(count(2, 3)).await;
    read(&mut reply, 2).await;
    drop(reply);
    let rest = second.resume(&stolen).await.messages().await;
    assert_eq!((&rest[0]["params"]["data"], rest.len()), (&json!(3), 2));
    assert_eq!(first.resume(&stolen).await.messages().await.len(), 5);
}

#[tokio::test]
async fn an_id_that_was_never_given_is_a_fault_and_one_that_is_too_old_is_gone() {
    let service = described(&Stage::default(), |builder| {
        let mut options = SessionOptions::default();
        options.max_events = 3;
        builder.sessions(options)
    });
    let peer = Peer::begun(&service).await;
    let mut reply = peer.post(count(2, 10)).await;
    let first = reply.event().await.unwrap().id.unwrap();
    let last = read(&mut reply, 11).await;
    assert_eq!(reply.event().await, None);
    drop(reply);
    for (id, expected) in [
        ("nonsense", StatusCode::BAD_REQUEST),
        ("7-0", StatusCode::BAD_REQUEST),
        ("1-12", StatusCode::BAD_REQUEST),
        ("01-11", StatusCode::BAD_REQUEST),
        (&first, StatusCode::GONE),
    ] {
        let reply = peer.resume(id).await.whole().await;
        assert_eq!((reply.status, reply.code()), (expected, -32600), "{id}");
    }
    assert_eq!(peer.resume(&last).await.messages().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_newest_reader_takes_a_stream_over() {
    let stage = Stage::default();
    let peer = begun(&stage).await;
    let mut own = peer.get().await;
    own.event().await.unwrap();
    let mut newer = peer.get().await;
    newer.event().await.unwrap();
    assert_eq!(own.event().await, None);
    assert!(peer.push("{\"once\":1}"));
    assert_eq!(newer.message().await.unwrap(), json!({"once": 1}));

    let mut call = peer.call(2, "leave").await;
    let id = call.event().await.unwrap().id.unwrap();
    assert_eq!(call.event().await, None);
    let mut older = peer.resume(&id).await;
    older.event().await.unwrap();
    let mut newer = peer.resume(&id).await;
    newer.event().await.unwrap();
    assert_eq!(older.event().await, None);
    stage.go.add_permits(1);
    assert_eq!(text(&newer.message().await.unwrap()), "came back");
}

#[tokio::test]
async fn w06_a_question_comes_on_the_stream_of_its_request_even_when_that_was_cut() {
    let mut peer = Peer::plain();
    let mut hello = crate::peer::hello("2025-11-25");
    hello["params"]["capabilities"] = json!({"elicitation": {}});
    peer.session = peer.post(hello).await.header("mcp-session-id").map(str::to_owned);
    peer.post(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    let mut own = peer.get().await;
    own.event().await.unwrap();
    let mut reply = peer.call(2, "ask").await;
    let primed = reply.event().await.unwrap().id.unwrap();
    drop(reply);
    let mut reply = peer.resume(&primed).await;
    let question = reply.message().await.unwrap();
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "decline"}});
    assert_eq!(peer.post(answer).await.status, StatusCode::ACCEPTED);
    assert_eq!(text(&reply.message().await.unwrap()), "decline");
    assert!(peer.push("{\"own\":1}"));
    assert_eq!(own.message().await.unwrap(), json!({"own": 1}), "and on no other");
}

#[tokio::test]
async fn w06_changes_come_on_the_sessions_own_stream() {
    let peer = begun(&Stage::default()).await;
    let mut own = peer.get().await;
    own.event().await.unwrap();
    let reply = peer.call(2, "change").await.whole().await;
    assert_eq!(text(&reply.json()), "changed");
    assert_eq!(own.message().await.unwrap()["method"], "notifications/tools/list_changed");
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_carries_comments() {
    let peer = begun(&Stage::default()).await;
    let mut own = peer.get().await;
    own.event().await.unwrap();
    tokio::select! {
        event = own.event() => panic!("expected silence, found {event:?}"),
        () = tokio::time::sleep(Duration::from_secs(50)) => {}
    }
    assert_eq!(own.comments, 3);
}
