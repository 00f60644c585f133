//! Sessions of the legacy era, and servers that are started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use car_mcp::Session;
use car_mcp::proto::ProtocolVersion;
use car_mcp::proto::subscription::SubscriptionFilter;
use tokio::sync::Semaphore;

use crate::server::{Answer, DISCOVERED, DONE, Seen, Server, call, legacy, modern, plain, shaken, stream};

/// A modern server.
fn stateless(seen: &Seen) -> Answer {
    match seen.method().as_str() {
        "server/discover" => seen.answer(DISCOVERED),
        _ => seen.answer(DONE),
    }
}

/// A legacy server that knows one session, and says this to whoever comes with another one.
fn stateful(seen: &Seen, session: &'static str, stranger: fn(&Seen) -> Answer) -> Answer {
    if let Some(shaken) = shaken(seen, session) {
        return shaken;
    }
    match seen.header("mcp-session-id") {
        Some(known) if known == session => seen.answer(DONE),
        _ => stranger(seen),
    }
}

/// Calls, stops the server, starts another one on its port, and calls again.
async fn restarted(
    before: impl Fn(&Seen) -> Answer + Clone + Send + Sync + 'static,
    after: impl Fn(&Seen) -> Answer + Clone + Send + Sync + 'static,
) -> (Session, Server) {
    let serve = |answer: Box<dyn Fn(&Seen) -> Answer + Send + Sync>| {
        let answer = Arc::new(answer);
        move |seen: Seen| {
            let answer = answer(&seen);
            async move { answer }
        }
    };
    let server = Server::start(serve(Box::new(before))).await;
    let session = server.connect().await;
    call(&session).await.unwrap();
    let address = server.stop().await;
    let server = Server::start_at(address, serve(Box::new(after))).await;
    // Once this runtime has seen something later on a socket, it has seen the end of the old connection too.
    drop(tokio::net::TcpStream::connect(address).await.unwrap());
    call(&session).await.unwrap();
    (session, server)
}

#[tokio::test]
#[ignore = "car-http does not yet send anew what a connection that ended while it was idle never wrote"]
async fn a_server_that_was_started_again_is_spoken_with_as_before() {
    let (_, server) = restarted(stateless, stateless).await;
    assert_eq!(server.methods(), ["tools/call"]);
    let strangers: [fn(&Seen) -> Answer; 5] = [
        |_| plain(404, "", ""),
        |seen| plain(404, "application/json", seen.refusal(-32001, "Session not found")),
        |seen| {
            plain(400, "application/json", seen.refusal(-32000, "Bad Request: No valid session ID provided"))
        },
        |seen| plain(400, "application/json", seen.refusal(-32000, "Bad Request: Server not initialized")),
        |_| plain(400, "text/plain", "Bad Request: No valid session ID provided"),
    ];
    for stranger in strangers {
        let before = |seen: &Seen| stateful(seen, "before", |_| unreachable!());
        let (_, server) = restarted(before, move |seen| stateful(seen, "after", stranger)).await;
        let expected =
            ["tools/call", "server/discover", "initialize", "notifications/initialized", "tools/call"];
        assert_eq!(server.methods(), expected);
    }
}

#[tokio::test]
#[ignore = "car-http does not yet send anew what a connection that ended while it was idle never wrote"]
async fn a_server_that_comes_back_in_the_other_era_is_spoken_with_in_that() {
    let before = |seen: &Seen| stateful(seen, "before", |_| unreachable!());
    let (session, _) = restarted(before, |seen| match seen.header("mcp-protocol-version") {
        Some("2026-07-28") => stateless(seen),
        _ => plain(400, "application/json", seen.refusal(-32020, "the header Mcp-Method is missing")),
    })
    .await;
    assert_eq!(session.version(), ProtocolVersion::V2026_07_28);
}

#[tokio::test]
async fn calls_that_begin_during_a_new_handshake_join_it() {
    let gate = Arc::new(Semaphore::new(1));
    let handshakes = Arc::new(AtomicUsize::new(0));
    let (opened, counted) = (Arc::clone(&gate), Arc::clone(&handshakes));
    let server = Server::start(move |seen: Seen| {
        let (gate, handshakes) = (Arc::clone(&opened), Arc::clone(&counted));
        async move {
            if seen.method() == "initialize" {
                gate.acquire().await.unwrap().forget();
                handshakes.fetch_add(1, Ordering::SeqCst);
            }
            // Each handshake makes the sessions before it unknown. A call without any is a fault of ours.
            let session = ["s-0", "s-1", "s-2"][handshakes.load(Ordering::SeqCst)];
            if let Some(shaken) = shaken(&seen, session) {
                return shaken;
            }
            match seen.header("mcp-session-id") {
                Some("s-2") => seen.answer(DONE),
                Some(_) => plain(404, "", ""),
                None => plain(400, "application/json", seen.refusal(-32600, "no header")),
            }
        }
    })
    .await;
    let session = server.connect().await;
    let first = call(&session);
    let later = async {
        // The first call has found its session gone, and waits for the handshake.
        while server.of("server/discover").len() < 2 {
            tokio::task::yield_now().await;
        }
        let calls = futures_util::future::join_all((0..8).map(|_| call(&session)));
        let open = async {
            while server.of("tools/call").len() < 9 {
                tokio::task::yield_now().await;
            }
            gate.add_permits(1);
        };
        tokio::join!(calls, open).0
    };
    let (first, later) = tokio::join!(first, later);
    first.unwrap();
    assert!(later.iter().all(Result::is_ok), "{later:?}");
    assert_eq!(handshakes.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn closing_ends_the_session_at_the_server_and_does_not_mind_a_refusal() {
    for status in [200, 204, 404, 405, 500] {
        let server = legacy(move |_| async move { plain(status, "", "") }).await;
        let session = server.connect().await;
        session.close().await;
        assert_eq!(server.of("DELETE").len(), 1);
        session.close().await;
        assert_eq!(server.of("DELETE").len(), 1, "once");
    }
    let server = modern(|seen| async move { seen.answer(DONE) }).await;
    server.connect().await.close().await;
    assert!(server.of("DELETE").is_empty(), "modern servers have no sessions");
}

#[tokio::test]
async fn a_server_without_a_stream_of_its_own_is_no_fault() {
    for status in [405, 404, 400, 200] {
        let server = legacy(move |seen| async move {
            match seen.verb.as_str() {
                "GET" => plain(status, "text/html", "no stream"),
                _ => seen.answer("{}"),
            }
        })
        .await;
        let session = server.connect().await;
        let mut events = session.events(SubscriptionFilter::new());
        let waited = tokio::time::timeout(Duration::from_millis(100), events.next()).await;
        assert!(waited.is_err(), "{status}: {waited:?}");
        assert_eq!(server.of("initialize").len(), 1, "{status}");
    }
}

#[tokio::test]
async fn the_stream_of_a_legacy_server_is_heard() {
    let server = legacy(|seen| async move {
        match seen.verb.as_str() {
            "GET" => {
                assert_eq!(seen.header("accept"), Some("text/event-stream"));
                assert_eq!(seen.header("mcp-session-id"), Some("s-1"));
                assert_eq!(seen.header("content-type"), None);
                let (pusher, answer) = stream();
                pusher.event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
                crate::server::spawn(async move { pusher.closed().await });
                answer
            }
            _ => seen.answer("{}"),
        }
    })
    .await;
    let session = server.connect().await;
    let mut events = session.events(SubscriptionFilter::new());
    assert_eq!(events.next().await.unwrap(), car_mcp::Event::ToolsChanged);
}
