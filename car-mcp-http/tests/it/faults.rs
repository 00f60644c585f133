//! Servers that are not there, are none, or do everything wrong: one clear error each, in time.

use std::error::Error as _;
use std::time::Duration;

use car_http::Target;
use car_mcp::transport::TransportError;
use car_mcp::{CallOptions, Error, Limits, Session};
use car_mcp_http::HttpTransport;
use tokio::net::TcpListener;

use crate::server::{
    Answer, DONE, Seen, Server, builder, call, call_with, client, json, modern, plain, pushed, shaken, sse,
    stream, with_header,
};

/// Connects to a URL behind which every answer is this one.
async fn connected_to(answer: impl Fn() -> Answer + Clone + Send + Sync + 'static) -> Error {
    let server = Server::start(move |_| {
        let answer = answer();
        async move { answer }
    })
    .await;
    builder().connect(server.transport()).await.unwrap_err()
}

/// Calls a tool of a modern server that answers so.
async fn called(answer: impl Fn(&Seen) -> Answer + Clone + Send + Sync + 'static) -> Error {
    let server = modern(move |seen| {
        let answer = answer(&seen);
        async move { answer }
    })
    .await;
    let session = server.connect().await;
    let options = CallOptions::new().with_timeout(Duration::from_secs(20));
    call_with(&session, "t", "{}", &options).await.unwrap_err()
}

/// An error and what caused it, as a person reads it.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[tokio::test]
async fn a_url_without_a_server_behind_it_says_what_is_there() {
    let page = "<!DOCTYPE html>\n<html><body>Welcome</body></html>";
    for (status, kind, body, expected) in [
        (200, "text/html", page, "found text/html: \"<!DOCTYPE html> <html><body>Welcome</body></html>\""),
        (404, "text/html", "no such page", "found HTTP 404: \"no such page\""),
        (404, "", "", "found HTTP 404"),
        (500, "text/plain", "oops", "found HTTP 500: \"oops\""),
        (503, "", "", "found HTTP 503"),
        (200, "", "", "found no content type"),
        (200, "application/json", "", "EOF"),
        (200, "application/json", "not json", "malformed"),
        (200, "application/json", "[1,2]", "malformed"),
        (200, "application/json", r#"{"hello":"world"}"#, "malformed"),
        (200, "image/png", "\u{89}PNG", "found image/png"),
    ] {
        let error = connected_to(move || plain(status, kind, body)).await;
        assert!(told(&error).contains(expected), "{status} {kind}: {}", told(&error));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_could_not_be_reached() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let transport = HttpTransport::new(client(), &format!("http://{address}/mcp")).unwrap();
    let error = builder().connect(transport).await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Unreachable { .. })), "{error:?}");
    assert!(error.is_transient());
    assert!(told(&error).contains(&address.to_string()), "{}", told(&error));
}

#[tokio::test]
async fn a_server_without_tls_behind_an_https_url_could_not_be_reached() {
    let server = Server::start(|_| async { json("{}") }).await;
    let transport = HttpTransport::new(client(), &server.url().replace("http:", "https:")).unwrap();
    let error = builder().connect(transport).await.unwrap_err();
    assert!(matches!(error, Error::Transport(TransportError::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn what_is_no_url_is_said_to_be_none() {
    for url in ["", "nonsense", "ftp://x/", "http://", "http://[::1", "/mcp"] {
        let error = HttpTransport::new(client(), url).unwrap_err();
        assert!(matches!(error, TransportError::Misconfigured { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let mut limits = Limits::default();
    limits.discovery_timeout = Duration::from_millis(100);
    let transport = HttpTransport::new(client(), &url).unwrap();
    let begin = std::time::Instant::now();
    let error = builder().limits(limits).connect(transport).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(listener);
}

#[tokio::test]
async fn a_stream_that_never_ends_and_never_answers_is_given_up() {
    let server = modern(|_| async move {
        let (pusher, answer) = stream();
        crate::server::spawn(async move {
            let talk = async {
                loop {
                    pusher.push(": still here\n\n");
                    pusher.event(r#"{"jsonrpc":"2.0","method":"notifications/x"}"#);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            tokio::select! { () = talk => {}, () = pusher.closed() => {} }
        });
        answer
    })
    .await;
    let session = server.connect().await;
    let options = CallOptions::new().with_timeout(Duration::from_millis(100));
    let error = call_with(&session, "t", "{}", &options).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { ceiling: false, .. }));
}

#[tokio::test]
async fn an_answer_that_is_cut_is_not_asked_for_again() {
    let cuts: [fn(&Seen) -> Answer; 4] = [
        |seen| {
            let (pusher, answer) = stream();
            pusher.push(format!("data: {}", seen.result(DONE)));
            pusher.cut();
            answer
        },
        |seen| sse([format!("id: 7\nretry: 1\ndata: {}", seen.result(DONE))]),
        |_| sse(Vec::<String>::new()),
        |seen| {
            let (pusher, answer) = pushed(200, "application/json");
            pusher.push(seen.result(DONE)[..20].to_owned());
            pusher.cut();
            answer
        },
    ];
    for cut in cuts {
        let server = modern(move |seen| {
            let answer = cut(&seen);
            async move { answer }
        })
        .await;
        let error = call(&server.connect().await).await.unwrap_err();
        assert!(matches!(error, Error::Transport(TransportError::Closed { .. })), "{error:?}");
        assert!(error.is_transient());
        assert_eq!(server.methods(), ["server/discover", "tools/call"]);
    }
}

#[tokio::test]
async fn bodies_and_events_over_the_cap_name_it() {
    let answers: [fn() -> Answer; 4] = [
        || json("[".repeat(2000)),
        || sse([format!("data: {}", "x".repeat(2000))]),
        || sse([format!("data: {}\n\n", "x".repeat(2000))]),
        || sse(["data: 0123456789\n".repeat(200)]),
    ];
    for answer in answers {
        let server = modern(move |_| {
            let answer = answer();
            async move { answer }
        })
        .await;
        let target = Target::parse(&server.url()).unwrap();
        let transport = HttpTransport::builder(client(), target).max_body_bytes(1000).build();
        let session = builder().connect(transport).await.unwrap();
        let error = call(&session).await.unwrap_err();
        assert_eq!(
            told(&error),
            "the connection to the server failed: the answer is larger than the cap of 1000 bytes; \
             raise it with `max_body_bytes` if that is expected"
        );
    }
}

#[tokio::test]
async fn malformed_answers_are_errors() {
    let answers: [fn(&Seen) -> Answer; 6] = [
        |_| json("nonsense"),
        |_| json(vec![0xff, 0xfe]),
        |seen| json(seen.result("7")),
        |_| sse(["data: nonsense\n\n"]),
        |_| sse(["data\ndata\n\n"]),
        |_| plain(202, "", ""),
    ];
    for answer in answers {
        let error = called(answer).await;
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn deep_nesting_overflows_nothing() {
    let deep = || "[".repeat(1_000_000);
    let answers: [fn(&Seen, String) -> Answer; 4] = [
        |_, deep| json(deep),
        |seen, deep| json(seen.result(&deep)),
        |_, deep| sse([format!("data: {deep}\n\n")]),
        |_, deep| plain(400, "application/json", deep),
    ];
    for answer in answers {
        let deep = deep();
        drop(called(move |seen| answer(seen, deep.clone())).await);
    }
}

/// A server whose `/mcp` redirects.
async fn redirecting(status: u16, to: String) -> (Server, Result<Session, Error>) {
    let server = Server::start(move |seen| {
        let to = to.clone();
        async move {
            match (seen.path.as_str(), seen.method().as_str()) {
                ("/mcp", _) => with_header(plain(status, "", ""), "location", &to),
                (_, "server/discover") => seen.answer(crate::server::DISCOVERED),
                _ => seen.answer(DONE),
            }
        }
    })
    .await;
    let session = builder().connect(server.transport()).await;
    (server, session)
}

#[tokio::test]
async fn redirects_are_followed_within_the_origin_and_named_where_they_leave_it() {
    for status in [307, 308] {
        let (server, session) = redirecting(status, "/moved/".to_owned()).await;
        call(&session.unwrap()).await.unwrap();
        let seen = server.of("tools/call").pop().unwrap();
        assert_eq!((seen.path.as_str(), seen.verb.as_str()), ("/moved/", "POST"));
    }
    let (_server, session) = redirecting(307, "https://elsewhere.example/mcp".to_owned()).await;
    let error = session.unwrap_err();
    let Error::Transport(TransportError::Redirected { to, .. }) = &error else { panic!("{error:?}") };
    assert!(to.contains("https://elsewhere.example"), "{to}");
    assert!(told(&error).contains("https://elsewhere.example"), "{}", told(&error));
}

#[tokio::test]
async fn a_server_that_never_takes_an_answer_does_not_keep_the_call() {
    // The question is a ping: its answer hangs, and the call's own deadline ends it.
    let server = Server::start(|seen: Seen| async move {
        match seen.method().as_str() {
            "tools/call" => {
                let (pusher, answer) = stream();
                pusher.event(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
                crate::server::spawn(async move { pusher.closed().await });
                answer
            }
            "POST" => std::future::pending().await,
            _ => shaken(&seen, "s").unwrap_or_else(|| plain(405, "", "")),
        }
    })
    .await;
    let session = server.connect().await;
    let options = CallOptions::new().with_timeout(Duration::from_millis(200));
    assert!(matches!(call_with(&session, "t", "{}", &options).await, Err(Error::TimedOut { .. })));
}
