//! The HTTP+SSE pair of 2024-11-05.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use car_http::Target;
use car_mcp::proto::subscription::SubscriptionFilter;
use car_mcp::transport::TransportError;
use car_mcp::{CallOptions, Error, Event};
use car_mcp_http::HttpTransport;

use crate::credentials::{challenge, connect};
use crate::server::{
    Answer, DONE, INITIALIZED, Pusher, Seen, Server, builder, call, call_with, client, plain, stream,
};

/// The stream of the newest handshake.
type Stream = Arc<Mutex<Option<Pusher>>>;

/// What such a server says to a request.
fn said(current: &Stream, endpoint: &str, seen: &Seen) -> Answer {
    match (seen.verb.as_str(), seen.path.as_str()) {
        ("GET", "/mcp") => {
            let (pusher, answer) = stream();
            pusher.push(format!("event: endpoint\ndata: {endpoint}\n\n"));
            *current.lock().unwrap() = Some(pusher);
            answer
        }
        ("POST", "/messages?id=1") => {
            let pusher = current.lock().unwrap().clone();
            let Some(pusher) = pusher else { return plain(404, "", "") };
            let name = seen.json()["params"]["name"].clone();
            match seen.method().as_str() {
                "initialize" => pusher.event(&seen.result(INITIALIZED)),
                "tools/call" if name == "silent" => {}
                "tools/call" if name == "chatty" => {
                    let token = seen.json()["id"].clone();
                    for at in 0..500 {
                        pusher.event(&format!(
                            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{at}}}}}"#
                        ));
                    }
                    pusher.event(&seen.result(DONE));
                }
                "tools/call" => pusher.event(&seen.result(DONE)),
                _ => {}
            }
            plain(202, "", "")
        }
        _ => plain(405, "", ""),
    }
}

/// A server of the pair that says this as its endpoint and leaves the tool `silent` without an answer.
async fn paired(endpoint: &'static str) -> (Server, Stream) {
    let current: Stream = Arc::default();
    let kept = Arc::clone(&current);
    let server = Server::start(move |seen: Seen| {
        let answer = said(&kept, endpoint, &seen);
        async move { answer }
    })
    .await;
    (server, current)
}

const ENDPOINT: &str = "/messages?id=1";

#[tokio::test]
async fn is_found_out_and_spoken() {
    let (server, _) = paired(ENDPOINT).await;
    let session = server.connect().await;
    let calls = futures_util::future::join_all((0..16).map(|_| call(&session))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!(server.of("GET").len(), 1);
    assert!(server.of("tools/call").iter().all(|seen| seen.path == ENDPOINT));
}

#[tokio::test]
async fn a_challenge_of_its_endpoint_is_met() {
    let current: Stream = Arc::default();
    let server = Server::start(move |seen: Seen| {
        let refused = seen.path == ENDPOINT && !seen.header("authorization").unwrap().ends_with('1');
        let answer = if refused { challenge(401) } else { said(&current, ENDPOINT, &seen) };
        async move { answer }
    })
    .await;
    let session = connect(&server, 1).await.unwrap();
    call(&session).await.unwrap();
    let asked: Vec<_> = server.of("initialize").into_iter().map(|seen| seen.path).collect();
    assert_eq!(asked, ["/mcp", ENDPOINT, ENDPOINT]);
}

#[tokio::test]
async fn is_not_spoken_where_that_is_not_wanted() {
    let (server, _) = paired(ENDPOINT).await;
    let target = Target::parse(&server.url()).unwrap();
    let transport = HttpTransport::builder(client(), target).http_sse_pair(false).build();
    let error = builder().connect(transport).await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Status { status: 405, .. })));
    assert!(server.of("GET").is_empty());
}

#[tokio::test]
async fn an_endpoint_on_another_origin_is_refused() {
    for endpoint in ["https://elsewhere.example/m", "//elsewhere.example/m", "http://127.0.0.1:1/m"] {
        let (server, _) = paired(endpoint).await;
        let error = builder().connect(server.transport()).await.unwrap_err();
        let Error::Transport(TransportError::Redirected { to, .. }) = &error else { panic!("{error:?}") };
        assert!(to.contains("elsewhere") || to.contains("127.0.0.1:1"), "{to}");
    }
}

#[tokio::test]
async fn a_stream_that_is_gone_is_opened_again_for_the_next_call() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    call(&session).await.unwrap();
    current.lock().unwrap().take().unwrap().cut();
    // Whether the client has seen the end already is a race that either side may win.
    call(&session).await.unwrap();
    assert_eq!(server.of("GET").len(), 2);
}

#[tokio::test]
async fn calls_that_wait_when_the_stream_ends_are_errors_and_are_not_sent_again() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    let options = CallOptions::new();
    let cut = async {
        server.until("tools/call").await;
        current.lock().unwrap().take().unwrap().cut();
    };
    let (outcome, ()) = tokio::join!(call_with(&session, "silent", "{}", &options), cut);
    assert!(matches!(outcome, Err(Error::Transport(TransportError::Closed { .. }))), "{outcome:?}");
    assert_eq!(server.of("tools/call").len(), 1);
}

#[tokio::test]
async fn an_error_that_names_no_request_fails_none_where_several_wait() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    let options = CallOptions::new();
    let silent = || call_with(&session, "silent", "{}", &options);
    let fail = async {
        while server.of("tools/call").len() < 2 {
            tokio::task::yield_now().await;
        }
        let pusher = current.lock().unwrap().take().unwrap();
        pusher.event(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"whose?"}}"#);
        pusher.cut();
    };
    let (first, second, ()) = tokio::join!(silent(), silent(), fail);
    for outcome in [first, second] {
        assert!(matches!(outcome, Err(Error::Transport(TransportError::Closed { .. }))), "{outcome:?}");
    }
}

#[tokio::test]
async fn closing_the_session_ends_the_stream_and_the_calls_that_wait() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    let pusher = current.lock().unwrap().clone().unwrap();
    let options = CallOptions::new();
    let close = async {
        server.until("tools/call").await;
        session.close().await;
    };
    let (outcome, ()) = tokio::join!(call_with(&session, "silent", "{}", &options), close);
    assert!(matches!(outcome, Err(Error::Transport(TransportError::Closed { .. }))), "{outcome:?}");
    pusher.closed().await;
}

#[tokio::test]
async fn a_cancelled_call_leaves_nothing_behind() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    let options = CallOptions::new().with_timeout(Duration::from_millis(50));
    assert!(matches!(call_with(&session, "silent", "{}", &options).await, Err(Error::TimedOut { .. })));
    let told = server.until("notifications/cancelled").await;
    let id = server.of("tools/call")[0].json()["id"].clone();
    assert_eq!(told.json()["params"]["requestId"], id);
    // The answer that comes too late hurts no later call.
    let pusher = current.lock().unwrap().clone().unwrap();
    pusher.event(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{DONE}}}"#));
    pusher.event("nonsense");
    call(&session).await.unwrap();
}

#[tokio::test]
async fn a_listener_that_does_not_read_holds_up_no_call() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    let mut events = session.events(SubscriptionFilter::new());
    let pusher = current.lock().unwrap().clone().unwrap();
    pusher.event(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
    // It is open when the first event has come; which may have been while nobody listened.
    drop(tokio::time::timeout(Duration::from_millis(100), events.next()).await);
    for _ in 0..200 {
        pusher.event(r#"{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}"#);
    }
    call_with(&session, "chatty", "{}", &CallOptions::new()).await.unwrap();
    let mut heard = Vec::new();
    while heard.last() != Some(&Event::Missed) {
        heard.push(events.next().await.unwrap());
    }
    assert!(heard.len() <= 66, "{}", heard.len());
}

#[tokio::test]
async fn a_refusal_of_the_endpoint_is_read() {
    let (server, current) = paired(ENDPOINT).await;
    let session = server.connect().await;
    // The stream stands, but the server does not know it: what a proxy in between leads to.
    let old = current.lock().unwrap().take();
    call(&session).await.unwrap();
    assert_eq!(server.of("initialize").len(), 4, "two handshakes, each refused at the first URL");
    drop(old);
}
