//! What a server tells unasked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use car_mcp::proto::subscription::SubscriptionFilter;
use car_mcp::transport::{Reply, TransportError};
use car_mcp::{Error, Event, EventStream};
use tokio::time::{Instant, timeout};

use crate::calls::call;
use crate::double::{Answer, DONE, Double, Feeder, SECOND, Sent, feed, stream};

const ACK: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"notifications":{}}}"#;
const TOOLS: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
const PROMPTS: &str = r#"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#;
const RESOURCES: &str = r#"{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}"#;
const UPDATED: &str =
    r#"{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"file:///x"}}"#;

type Feeders = Arc<Mutex<VecDeque<Feeder>>>;

/// A modern server that acknowledges each subscription and leaves its stream to the test.
fn subscribing() -> (Double, Feeders) {
    let feeders: Feeders = Arc::default();
    let kept = Arc::clone(&feeders);
    let double = Double::modern(move |sent| {
        let answer: Answer = if sent.method == "subscriptions/listen" {
            let (feeder, messages) = feed();
            feeder.say(ACK);
            kept.lock().unwrap().push_back(feeder);
            Ok(Reply::Stream(messages))
        } else {
            stream([UPDATED.to_owned(), sent.result(DONE)])
        };
        async move { answer }
    });
    (double, feeders)
}

fn filter() -> SubscriptionFilter {
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    filter.resource_subscriptions = Some(vec!["file:///x".to_owned()]);
    filter
}

/// Nothing comes within a second.
async fn quiet(events: &mut EventStream) {
    assert!(timeout(SECOND, events.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn listens_to_a_modern_server() {
    let (double, feeders) = subscribing();
    let (session, log) = double.connect().await;
    let mut events = session.events(filter());
    assert!(log.of("subscriptions/listen").is_empty(), "it opens when somebody waits");
    quiet(&mut events).await;
    let params = log.of("subscriptions/listen")[0].json();
    let expected = serde_json::json!({"toolsListChanged": true, "resourceSubscriptions": ["file:///x"]});
    assert_eq!(params["params"]["notifications"], expected);
    for message in [TOOLS, PROMPTS, RESOURCES, UPDATED, "not a message"] {
        feeders.lock().unwrap()[0].say(message);
    }
    assert_eq!(events.next().await.unwrap(), Event::ToolsChanged);
    assert_eq!(events.next().await.unwrap(), Event::PromptsChanged);
    assert_eq!(events.next().await.unwrap(), Event::ResourcesChanged);
    assert_eq!(events.next().await.unwrap(), Event::ResourceUpdated { uri: "file:///x".to_owned() });
    quiet(&mut events).await;
    // What comes with a call's answer is told too.
    call(&session, "{}").await.unwrap();
    assert_eq!(events.next().await.unwrap(), Event::ResourceUpdated { uri: "file:///x".to_owned() });
    assert_eq!(log.of("subscriptions/listen").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_loses_no_event() {
    let (double, feeders) = subscribing();
    let (session, _) = double.connect().await;
    let mut events = session.events(filter());
    quiet(&mut events).await;
    let mut heard = 0;
    for _ in 0..50 {
        feeders.lock().unwrap()[0].say(TOOLS);
        // Polled once and dropped.
        while let Ok(event) = timeout(std::time::Duration::ZERO, events.next()).await {
            event.unwrap();
            heard += 1;
        }
    }
    while timeout(SECOND, events.next()).await.is_ok() {
        heard += 1;
    }
    assert_eq!(heard, 50);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_is_opened_again_ever_more_slowly_and_says_so() {
    let (double, feeders) = subscribing();
    let (session, log) = double.connect().await;
    let mut events = session.events(filter());
    quiet(&mut events).await;
    let mut waits = Vec::new();
    for breaks in 0..8 {
        let feeder = feeders.lock().unwrap().pop_front().unwrap();
        match breaks % 2 {
            0 => drop(feeder),
            _ => feeder.fail(TransportError::Closed { source: None }),
        }
        let begin = Instant::now();
        assert_eq!(events.next().await.unwrap(), Event::Missed);
        waits.push(begin.elapsed().as_millis());
    }
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    assert_eq!(log.of("subscriptions/listen").len(), 9);
    // A stream that held is a server that works again.
    assert!(timeout(SECOND * 60, events.next()).await.is_err());
    feeders.lock().unwrap().clear();
    let begin = Instant::now();
    assert_eq!(events.next().await.unwrap(), Event::Missed);
    assert_eq!(begin.elapsed().as_millis(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_to_be_listened_to_is_an_error() {
    let refusals: [fn(&Sent) -> Answer; 2] = [
        |sent| sent.refuse(-32601, "no such method"),
        |sent| {
            let id = serde_json::to_string(&sent.id).unwrap();
            stream([format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"no"}}}}"#)])
        },
    ];
    for refusal in refusals {
        let double = Double::modern(move |sent| {
            let answer = refusal(&sent);
            async move { answer }
        });
        let (session, _) = double.connect().await;
        let error = session.events(filter()).next().await.unwrap_err();
        assert!(matches!(error, Error::Refused { method, .. } if method == "subscriptions/listen"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_listener_tells_the_server_where_closing_does_not() {
    for closing_cancels in [true, false] {
        let (mut double, _feeders) = subscribing();
        double.closing_cancels = closing_cancels;
        let (session, log) = double.connect().await;
        let mut events = session.events(filter());
        quiet(&mut events).await;
        drop(events);
        let told = timeout(SECOND, log.until("notifications/cancelled")).await;
        assert_eq!(told.is_err(), closing_cancels);
        if let Ok(told) = told {
            let id = &log.of("subscriptions/listen")[0].json()["id"];
            assert_eq!(&told.json()["params"]["requestId"], id);
        }
    }
}

/// A legacy server that has these streams, one after the other.
fn streaming(streams: Vec<Result<Option<car_mcp::transport::BoxMessages>, TransportError>>) -> Double {
    let double = Double::legacy(|sent| async move {
        match sent.id {
            Some(_) => sent.answer("{}"),
            None => Ok(Reply::Accepted),
        }
    });
    *double.streams.lock().unwrap() = streams.into();
    double
}

#[tokio::test(start_paused = true)]
async fn listens_to_a_legacy_server() {
    let (feeder, messages) = feed();
    let (session, log) = streaming(vec![Ok(Some(messages))]).connect().await;
    let mut events = session.events(filter());
    feeder.say(TOOLS);
    feeder.say(r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#);
    feeder.say(UPDATED);
    assert_eq!(events.next().await.unwrap(), Event::ToolsChanged);
    assert!(matches!(events.next().await.unwrap(), Event::ResourceUpdated { .. }));
    quiet(&mut events).await;
    assert_eq!(log.of("")[0].body, r#"{"jsonrpc":"2.0","id":"p","result":{}}"#);
    assert_eq!(log.of("resources/subscribe")[0].json()["params"]["uri"], "file:///x");
    drop(feeder);
    // The server has no stream any more; that is no error.
    quiet(&mut events).await;
    events.close().await.unwrap();
    assert_eq!(log.of("resources/unsubscribe").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_session_that_is_gone_is_opened_in_a_new_one() {
    let (first, messages) = feed();
    let (second, messages_again) = feed();
    let gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let forgotten = Arc::clone(&gone);
    let double = Double::legacy(move |sent| {
        let gone = forgotten.swap(false, std::sync::atomic::Ordering::Relaxed);
        async move { if gone { Err(TransportError::SessionExpired) } else { sent.answer("{}") } }
    });
    *double.streams.lock().unwrap() =
        [Ok(Some(messages)), Err(TransportError::SessionExpired), Ok(Some(messages_again))].into();
    let (session, log) = double.connect().await;
    let mut events = session.events(SubscriptionFilter::new());
    quiet(&mut events).await;
    gone.store(true, std::sync::atomic::Ordering::Relaxed);
    drop(first);
    assert_eq!(events.next().await.unwrap(), Event::Missed);
    assert_eq!(log.of("initialize").len(), 2);
    second.say(TOOLS);
    assert_eq!(events.next().await.unwrap(), Event::ToolsChanged);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_404_because_it_has_no_stream_keeps_its_session() {
    let (session, log) = streaming(vec![Err(TransportError::SessionExpired)]).connect().await;
    let mut events = session.events(SubscriptionFilter::new());
    quiet(&mut events).await;
    assert_eq!(log.of("initialize").len(), 1);
    assert_eq!(log.of("ping").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_too_slow_is_told_that_it_missed_something() {
    let (double, _feeders) = subscribing();
    let (session, _) = double.connect().await;
    let mut events = session.events(filter());
    quiet(&mut events).await;
    for _ in 0..100 {
        call(&session, "{}").await.unwrap();
    }
    assert_eq!(events.next().await.unwrap(), Event::Missed);
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_that_was_started_again_is_met_anew() {
    let (double, feeders) = subscribing();
    let expired = Arc::new(Mutex::new(true));
    let script = Arc::clone(&double.script);
    let double = Double {
        script: Arc::new(move |sent: Sent| {
            let gone = sent.method == "subscriptions/listen" && std::mem::take(&mut *expired.lock().unwrap());
            match gone {
                true => Box::pin(async { Err(TransportError::SessionExpired) }),
                false => script(sent),
            }
        }),
        ..double
    };
    let (session, log) = double.connect().await;
    let mut events = session.events(filter());
    quiet(&mut events).await;
    assert_eq!(log.of("server/discover").len(), 2);
    feeders.lock().unwrap()[0].say(TOOLS);
    assert_eq!(events.next().await.unwrap(), Event::ToolsChanged);
}
