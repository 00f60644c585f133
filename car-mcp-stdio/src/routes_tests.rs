//! Who gets which message, without a process.

use std::task::{Context, Poll};

use car_mcp::transport::Messages;

use super::*;

fn id(number: i64) -> RequestId {
    RequestId::Number(number)
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn answer(number: i64) -> Bytes {
    bytes(&format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{{}}}}"#))
}

fn progress(token: i64) -> Bytes {
    bytes(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":1}}}}"#
    ))
}

fn marked(number: i64) -> Bytes {
    bytes(&format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{number}}}}}}}"#
    ))
}

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

fn routes() -> Arc<Routes> {
    Arc::default()
}

fn expect(routes: &Arc<Routes>, number: i64, waits: Waits) -> Answering {
    routes.expect_answer(&id(number), waits).expect("the server runs")
}

/// What has come, without waiting: nothing if there is none yet.
fn now(messages: &mut dyn Messages) -> Option<Option<Result<Bytes, TransportError>>> {
    match messages.poll_message(&mut Context::from_waker(std::task::Waker::noop())) {
        Poll::Ready(message) => Some(message),
        Poll::Pending => None,
    }
}

fn text(messages: &mut dyn Messages) -> Bytes {
    now(messages).expect("it has come").expect("the stream goes on").unwrap()
}

#[test]
fn each_gets_its_own() {
    let routes = routes();
    let (mut one, mut two) = (expect(&routes, 1, Waits::Call), expect(&routes, 2, Waits::Call));
    for message in [progress(1), answer(2), answer(1)] {
        routes.deliver(message).unwrap();
    }
    assert_eq!(text(&mut two), answer(2));
    assert_eq!(text(&mut one), progress(1), "what was said before the answer comes before it");
    assert_eq!(text(&mut one), answer(1));
    assert!(matches!(now(&mut one), Some(None)));
}

#[test]
fn a_batch_is_handed_out_one_by_one() {
    let routes = routes();
    let (mut one, mut two) = (expect(&routes, 1, Waits::Call), expect(&routes, 2, Waits::Call));
    let batch = format!("[{},{{\"no\":\"message\"}},{}]", str(&answer(2)), str(&answer(1)));
    assert!(matches!(routes.deliver(bytes(&batch)), Err(Undelivered::Noise(_))));
    assert_eq!((text(&mut one), text(&mut two)), (answer(1), answer(2)));
}

fn str(bytes: &Bytes) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn what_is_no_message_comes_back() {
    let routes = routes();
    for line in ["hello", "{}", "[]", "[1]", "{\"level\":\"info\"}", "null"] {
        assert!(routes.deliver(bytes(line)).is_err(), "{line}");
    }
    assert_eq!(
        routes.deliver(Bytes::from_static(b"\xff")),
        Err(Undelivered::Noise(Bytes::from_static(b"\xff")))
    );
}

#[test]
fn a_reader_that_does_not_read_loses_notes_and_keeps_its_answer() {
    let routes = routes();
    let mut slow = expect(&routes, 1, Waits::Call);
    for _ in 0..1000 {
        routes.deliver(progress(1)).unwrap();
    }
    routes.deliver(answer(1)).unwrap();
    for _ in 0..WAITING_MESSAGES {
        assert_eq!(text(&mut slow), progress(1));
    }
    assert_eq!(text(&mut slow), answer(1));
}

#[test]
fn a_listen_that_does_not_read_ends_so_that_it_knows() {
    let routes = routes();
    let mut slow = expect(&routes, 1, Waits::Listen);
    for _ in 0..=WAITING_MESSAGES {
        routes.deliver(marked(1)).unwrap();
    }
    for _ in 0..WAITING_MESSAGES {
        assert_eq!(text(&mut slow), marked(1));
    }
    assert!(matches!(now(&mut slow), Some(None)), "{:?}", now(&mut slow));
}

#[test]
fn a_subscription_gets_what_names_it_and_can_be_ended_by_the_server() {
    let routes = routes();
    let (mut one, mut two) = (expect(&routes, 1, Waits::Listen), expect(&routes, 2, Waits::Listen));
    let mut call = expect(&routes, 3, Waits::Call);
    routes.deliver(marked(2)).unwrap();
    assert_eq!(text(&mut two), marked(2));
    assert!(now(&mut one).is_none());
    for ended in [1, 3] {
        let cancelled = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{ended}}}}}"#
        );
        routes.deliver(bytes(&cancelled)).unwrap();
    }
    assert!(matches!(now(&mut one), Some(None)));
    assert!(now(&mut call).is_none(), "a server cannot cancel a call");
}

#[test]
fn what_concerns_nobody_goes_to_the_first_that_listens_else_to_a_call_else_comes_back() {
    let routes = routes();
    assert_eq!(routes.deliver(bytes(CHANGED)), Err(Undelivered::Nobody(bytes(CHANGED))));
    let mut call = expect(&routes, 1, Waits::Call);
    let (mut first, mut second) = (routes.events(), routes.events());
    routes.deliver(bytes(CHANGED)).unwrap();
    assert_eq!(text(&mut *first), CHANGED);
    assert!(now(&mut *second).is_none(), "it stands by");
    drop(first);
    routes.deliver(bytes(CHANGED)).unwrap();
    assert_eq!(text(&mut *second), CHANGED);
    drop(second);
    routes.deliver(bytes(CHANGED)).unwrap();
    assert_eq!(text(&mut call), CHANGED);
    routes.deliver(answer(1)).unwrap();
    assert!(routes.deliver(bytes(CHANGED)).is_err(), "an answered call reads no more");
}

#[test]
fn an_error_without_an_id_is_for_the_only_request() {
    const ERROR: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#;
    let routes = routes();
    let mut one = expect(&routes, 1, Waits::Probe);
    routes.deliver(bytes(ERROR)).unwrap();
    assert_eq!(text(&mut one), ERROR);
    let (mut two, mut three) = (expect(&routes, 2, Waits::Call), expect(&routes, 3, Waits::Call));
    routes.deliver(bytes(ERROR)).unwrap();
    assert!(now(&mut two).is_none() && now(&mut three).is_none());
}

#[test]
fn the_end_is_an_error_to_a_call_and_an_answer_to_the_probe() {
    let routes = routes();
    let (mut call, mut probe) = (expect(&routes, 1, Waits::Call), expect(&routes, 2, Waits::Probe));
    let mut events = routes.events();
    routes.end(ServerExited { how: "exit status: 1".to_owned(), last_words: "why".to_owned() });
    let Some(Some(Err(TransportError::Closed { source: Some(source) }))) = now(&mut call) else { panic!() };
    assert_eq!(source.to_string(), "the server ended (exit status: 1); its last words: why");
    assert!(matches!(now(&mut probe), Some(None)));
    assert!(matches!(now(&mut *events), Some(None)));
    assert!(routes.expect_answer(&id(3), Waits::Call).is_err());
    assert_eq!(routes.record(), (false, true));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_probe() {
    let routes = routes();
    let mut probe: BoxMessages =
        Box::new(expect(&routes, 1, Waits::Probe).give_up_after(std::time::Duration::from_secs(10)));
    let start = tokio::time::Instant::now();
    assert!(probe.message().await.is_none());
    assert_eq!(start.elapsed().as_secs(), 10);
    drop(probe);
    routes.deliver(answer(1)).unwrap();
}
