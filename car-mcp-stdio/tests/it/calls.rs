//! Calls: many at once, in any order, given up, in both eras.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use car_mcp::{CallOptions, Error};
use futures_util::future::join_all;

use crate::server::{call, call_with, connect};

#[tokio::test]
async fn answers_come_in_any_order() {
    for mode in ["good", "legacy"] {
        let session = connect(mode).await;
        let (first, second) = tokio::join!(call(&session, "swap", "{}"), call(&session, "swap", "{}"));
        let answers = [first.unwrap(), second.unwrap()];
        assert_eq!(answers, ["first", "second"], "{mode}");
    }
}

#[tokio::test]
async fn many_calls_are_under_way_at_once_and_none_holds_up_another() {
    let session = connect("good").await;
    let mut held: Vec<_> = (0..100).map(|_| Box::pin(call(&session, "hold", "{}"))).collect();
    // Sent, and then left alone: nobody reads what comes for them.
    for call in &mut held {
        assert!(futures_util::poll!(call).is_pending());
    }
    let echoes = (0..500).map(|number| {
        let session = &session;
        async move {
            let text = format!("{number} {}", "x".repeat(number * 10));
            (call(session, "echo", &format!(r#"{{"text":"{text}"}}"#)).await.unwrap(), text)
        }
    });
    for (answer, text) in join_all(echoes).await {
        assert_eq!(answer, text);
    }
}

#[tokio::test]
async fn arguments_over_several_lines_are_sent_as_one() {
    let session = connect("good").await;
    assert_eq!(call(&session, "echo", "{\r\n\t\"text\":\n\"a\\nb\"\n}").await.unwrap(), "a\nb");
}

#[tokio::test]
async fn a_call_that_is_given_up_is_told_to_the_server() {
    for mode in ["good", "legacy"] {
        let session = connect(mode).await;
        let mut held = Box::pin(call(&session, "hold", "{}"));
        assert!(futures_util::poll!(&mut held).is_pending());
        drop(held);
        let short = CallOptions::new().with_timeout(Duration::from_millis(50));
        let error = call_with(&session, "hold", "{}", &short).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        // The word is sent from a task of its own.
        let both = async {
            loop {
                let cancelled = call(&session, "cancelled", "{}").await.unwrap();
                let cancelled: Vec<i64> = serde_json::from_str(&cancelled).unwrap();
                if cancelled.len() == 2 {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), both).await.unwrap();
    }
}

#[tokio::test]
async fn a_late_answer_reaches_nobody() {
    let session = connect("good").await;
    let mut first = Box::pin(call(&session, "swap", "{}"));
    assert!(futures_util::poll!(&mut first).is_pending());
    drop(first);
    // The server answers this one, and then the one that was given up.
    assert_eq!(call(&session, "swap", "{}").await.unwrap(), "second");
    assert_eq!(call(&session, "echo", r#"{"text":"still here"}"#).await.unwrap(), "still here");
}

#[tokio::test]
async fn progress_reaches_its_call() {
    let session = connect("good").await;
    let seen = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&seen);
    let options = CallOptions::new().with_progress(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let mut other = Box::pin(call(&session, "hold", "{}"));
    assert!(futures_util::poll!(&mut other).is_pending());
    assert_eq!(call_with(&session, "progress", "{}", &options).await.unwrap(), "done");
    assert_eq!(seen.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_server_that_asks_whether_the_client_is_there_is_answered() {
    let session = connect("legacy").await;
    assert_eq!(call(&session, "ping", "{}").await.unwrap(), "the client is there");
}

#[tokio::test]
async fn a_server_that_asks_while_no_call_is_under_way_is_answered_too() {
    let session = connect("legacy").await;
    assert_eq!(call(&session, "ping-later", "{}").await.unwrap(), "soon");
    let answered = async { while call(&session, "pinged", "{}").await.unwrap() != "yes" {} };
    tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap();
}
