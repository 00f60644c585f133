//! What a server tells unasked, over the one stream that everything shares.

use std::time::Duration;

use car_mcp::proto::subscription::SubscriptionFilter;
use car_mcp::{Event, EventStream, Session};
use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::server::{call, connect};

fn events(session: &Session) -> EventStream {
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    session.events(filter)
}

async fn next(events: &mut EventStream) -> Event {
    timeout(Duration::from_secs(10), events.next()).await.unwrap().unwrap()
}

/// Opens the stream: that takes one look, and the server reads what asks for it before the next call.
fn open(events: &mut EventStream) {
    assert!(events.next().now_or_never().is_none());
}

#[tokio::test]
async fn changes_are_heard_in_both_eras_and_again_after_a_crash() {
    for mode in ["good", "legacy"] {
        let session = connect(mode).await;
        let mut heard = events(&session);
        open(&mut heard);
        let (told, event) = tokio::join!(call(&session, "change", "{}"), next(&mut heard));
        assert_eq!((told.unwrap().as_str(), event), ("told", Event::ToolsChanged), "{mode}");
        call(&session, "crash", "{}").await.unwrap_err();
        assert_eq!(next(&mut heard).await, Event::Missed, "{mode}: it listens to the new run");
        open(&mut heard);
        let (told, event) = tokio::join!(call(&session, "change", "{}"), next(&mut heard));
        assert_eq!((told.unwrap().as_str(), event), ("told", Event::ToolsChanged), "{mode}");
    }
}

#[tokio::test]
async fn two_listeners_hear_each_change_once() {
    let session = connect("good").await;
    let (mut one, mut two) = (events(&session), events(&session));
    open(&mut one);
    call(&session, "change", "{}").await.unwrap();
    assert_eq!(next(&mut one).await, Event::ToolsChanged);
    assert_eq!(next(&mut two).await, Event::ToolsChanged, "what one has heard, all have");
}

#[tokio::test]
async fn two_listeners_of_a_legacy_server_share_its_one_stream() {
    let session = connect("legacy").await;
    let (mut one, mut two) = (events(&session), events(&session));
    open(&mut one);
    open(&mut two);
    // Longer than a stream that was taken away waits before it is opened again.
    let quiet = async { tokio::join!(one.next(), two.next()) };
    assert!(timeout(Duration::from_millis(800), quiet).await.is_err(), "neither misses anything");
    let (told, first, second) = tokio::join!(call(&session, "change", "{}"), next(&mut one), next(&mut two));
    assert_eq!((told.unwrap().as_str(), first, second), ("told", Event::ToolsChanged, Event::ToolsChanged));
    drop(one);
    let (told, event) = tokio::join!(call(&session, "change", "{}"), next(&mut two));
    assert_eq!((told.unwrap().as_str(), event), ("told", Event::ToolsChanged), "the other takes over");
}
