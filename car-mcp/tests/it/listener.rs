//! Questions that a legacy server asks on the stream of its own, while no call is under way.

use std::sync::atomic::Ordering;

use car_mcp::transport::Reply;
use tokio::time::timeout;

use crate::double::{Double, SECOND, builder, feed};
use crate::questions::{ALL, human};

fn legacy() -> Double {
    Double::legacy(|sent| async move {
        match sent.id {
            Some(_) => sent.answer("{}"),
            None => Ok(Reply::Accepted),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn are_answered_until_the_last_handle_is_gone() {
    let (feeder, messages) = feed();
    let double = legacy();
    double.streams.lock().unwrap().push_back(Ok(Some(messages)));
    let (session, log) = double.connect_with(builder().handler(human(ALL))).await;
    feeder.say(r#"{"jsonrpc":"2.0","id":"q","method":"roots/list"}"#);
    let answer = log.until("").await.json();
    assert_eq!(answer["result"]["roots"][0]["uri"], "file:///x");
    let clone = session.clone();
    drop(session);
    assert!(timeout(SECOND, feeder.dropped()).await.is_err(), "a handle is left");
    drop(clone);
    feeder.dropped().await;
}

#[tokio::test(start_paused = true)]
async fn are_not_listened_for_where_nobody_answers_or_nobody_asks() {
    let (_session, log) = legacy().connect().await;
    assert_eq!(log.opened.load(Ordering::Relaxed), 0, "nothing is declared");
    let modern = Double::modern(|sent| async move { sent.answer("{}") });
    let (_session, log) = modern.connect_with(builder().handler(human(ALL))).await;
    assert_eq!(log.opened.load(Ordering::Relaxed), 0, "modern servers do not ask");
}

#[tokio::test(start_paused = true)]
async fn do_not_hold_up_the_session_where_the_stream_does_not_open() {
    let mut double = legacy();
    double.stream_hangs = true;
    let begin = tokio::time::Instant::now();
    let (session, _) = double.connect_with(builder().handler(human(ALL))).await;
    assert_eq!(begin.elapsed(), SECOND);
    session.ping().await.unwrap();
}
