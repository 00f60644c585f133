//! Streams of legacy servers that go on after a cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use car_mcp::Error;
use car_mcp::transport::TransportError;

use crate::server::{Answer, DONE, Seen, Server, call, legacy, plain, stream};

/// What a stream says before it is cut.
fn cut_after(text: impl Into<String>) -> Answer {
    let (pusher, answer) = stream();
    pusher.push(text.into());
    pusher.cut();
    answer
}

/// A server that cuts each stream of a call as `parts` say, and completes the last one.
async fn cutting(parts: &'static [&'static str], then: fn(&Seen, String) -> Answer) -> Server {
    let turn = Arc::new(AtomicUsize::new(0));
    let asked = Arc::new(std::sync::Mutex::new(String::new()));
    legacy(move |seen| {
        let (turn, asked) = (Arc::clone(&turn), Arc::clone(&asked));
        async move {
            if seen.method() == "tools/call" {
                *asked.lock().unwrap() = seen.result(DONE);
            }
            match parts.get(turn.fetch_add(1, Ordering::SeqCst)) {
                Some(part) => cut_after(*part),
                None => then(&seen, asked.lock().unwrap().clone()),
            }
        }
    })
    .await
}

fn completed(_: &Seen, result: String) -> Answer {
    let (pusher, answer) = stream();
    pusher.event(&result);
    answer
}

#[tokio::test]
async fn goes_on_where_the_stream_was_cut_after_the_time_that_the_server_wants() {
    let server = cutting(&["id: 1\nretry: 150\ndata:\n\nid: 2\ndata: {\"jsonr"], completed).await;
    let session = server.connect().await;
    let begin = Instant::now();
    assert_eq!(call(&session).await.unwrap().content.len(), 1);
    assert!(begin.elapsed() >= Duration::from_millis(150));
    let seen = server.of("GET").pop().unwrap();
    assert_eq!(seen.header("last-event-id"), Some("1"), "the second event was never whole");
    assert_eq!(seen.header("mcp-session-id"), Some("s-1"));
    assert_eq!(seen.header("mcp-protocol-version"), Some("2025-11-25"));
    assert_eq!(seen.header("accept"), Some("text/event-stream"));
    assert_eq!(server.of("tools/call").len(), 1, "never sent again");
}

#[tokio::test]
async fn goes_on_over_several_cuts() {
    let server = cutting(
        &[
            "id: 1\nretry: 1\ndata:\n\n",
            "id: 2\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\n",
            "",
            ": nothing new\n\n",
            "id: 3\n\n",
        ],
        completed,
    )
    .await;
    call(&server.connect().await).await.unwrap();
    let ids: Vec<_> =
        server.of("GET").iter().map(|seen| seen.header("last-event-id").unwrap().to_owned()).collect();
    assert_eq!(ids, ["1", "2", "2", "2", "3"]);
}

#[tokio::test]
async fn goes_on_when_the_server_ends_the_stream_in_good_order_and_when_it_is_busy() {
    let turn = Arc::new(AtomicUsize::new(0));
    let server = legacy(move |seen| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        async move {
            match turn {
                0 => crate::server::sse(["id: 1\nretry: 1\ndata:\n\n"]),
                1 => plain(503, "", ""),
                _ => completed(&seen, r#"{"jsonrpc":"2.0","id":3,"result":{"content":[]}}"#.to_owned()),
            }
        }
    })
    .await;
    call(&server.connect().await).await.unwrap();
    assert_eq!(server.of("GET").len(), 2);
}

#[tokio::test]
async fn without_an_id_there_is_nothing_to_go_on_from() {
    let server =
        cutting(&["retry: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n\n"], completed)
            .await;
    let error = call(&server.connect().await).await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Closed { .. })), "{error:?}");
    assert!(server.of("GET").is_empty());
}

#[tokio::test]
async fn a_stream_that_cannot_go_on_is_no_reason_to_send_the_call_again() {
    for status in [404, 400, 405, 200] {
        let turn = Arc::new(AtomicUsize::new(0));
        let server = legacy(move |_| {
            let first = turn.fetch_add(1, Ordering::SeqCst) == 0;
            async move {
                match first {
                    true => cut_after("id: 1\nretry: 1\ndata:\n\n"),
                    false => plain(status, "text/plain", "Session not found"),
                }
            }
        })
        .await;
        let error = call(&server.connect().await).await.unwrap_err();
        assert!(matches!(error, Error::Transport(TransportError::Closed { .. })), "{status}: {error:?}");
        assert_eq!(server.of("tools/call").len(), 1, "{status}");
        assert_eq!(server.of("GET").len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_cuts_for_ever_is_given_up() {
    let server = legacy(|_| async { cut_after("id: 1\nretry: 0\ndata:\n\n") }).await;
    let error = call(&server.connect().await).await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Closed { .. })), "{error:?}");
    assert_eq!(server.of("GET").len(), 10);
}
