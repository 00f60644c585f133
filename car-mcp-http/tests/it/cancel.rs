//! Giving a call up is something the server notices.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use car_mcp::{CallOptions, Error};
use tokio::sync::mpsc;

use crate::server::{DONE, Pusher, call, call_with, legacy, modern, plain, stream};

#[tokio::test]
async fn dropping_a_modern_call_closes_its_connection() {
    let (hand_over, mut opened) = mpsc::unbounded_channel::<Pusher>();
    let server = modern(move |_| {
        let hand_over = hand_over.clone();
        async move {
            let (pusher, answer) = stream();
            hand_over.send(pusher).unwrap();
            answer
        }
    })
    .await;
    let session = server.connect().await;
    for by_deadline in [false, true] {
        let options =
            CallOptions::new().with_timeout(Duration::from_millis(if by_deadline { 50 } else { 60_000 }));
        let pusher = tokio::select! {
            _ = call_with(&session, "t", "{}", &options), if !by_deadline => unreachable!("it is never answered"),
            pusher = opened.recv(), if !by_deadline => pusher.unwrap(),
            outcome = call_with(&session, "t", "{}", &options), if by_deadline => {
                assert!(matches!(outcome, Err(Error::TimedOut { .. })));
                opened.recv().await.unwrap()
            }
        };
        pusher.closed().await;
    }
    assert!(server.of("notifications/cancelled").is_empty());
}

#[tokio::test]
async fn dropping_a_legacy_call_says_so() {
    let kept: Arc<Mutex<Vec<Pusher>>> = Arc::default();
    let server = legacy(move |seen| {
        let kept = Arc::clone(&kept);
        async move {
            match seen.json()["params"]["name"].as_str() {
                Some("t") => {
                    let (pusher, answer) = stream();
                    kept.lock().unwrap().push(pusher);
                    answer
                }
                Some(_) => seen.answer(DONE),
                None => plain(405, "", ""),
            }
        }
    })
    .await;
    let session = server.connect().await;
    tokio::select! {
        _ = call(&session) => unreachable!("it is never answered"),
        _ = server.until("tools/call") => {}
    }
    let told = server.until("notifications/cancelled").await;
    assert_eq!(told.json()["params"]["requestId"], server.of("tools/call")[0].json()["id"]);
    assert_eq!(told.header("mcp-session-id"), Some("s-1"));
    call_with(&session, "u", "{}", &CallOptions::new()).await.unwrap();
}
