//! Every limit stops what it is for, and its error names it.

use crate::server::{Server, listen, read_request, write};
use car_http::{Body, Client, Error, Phase, Request, Target, Timeouts};
use std::time::Duration;

/// Long enough for a loaded machine to get to the point where the server stalls.
const SHORT: Duration = Duration::from_millis(250);

/// Answers with the given bytes and then keeps the connection open in silence.
async fn stalls_after(answer: impl Into<String>) -> Server {
    let answer = answer.into();
    listen(move |_, mut socket| {
        let answer = answer.clone();
        async move {
            read_request(&mut socket).await.expect("a request");
            write(&mut socket, answer).await;
            read_request(&mut socket).await;
        }
    })
    .await
}

async fn body(server: &Server, timeouts: Timeouts) -> Body {
    let client = Client::new().expect("a client");
    let request = Request::get(server.target("/")).with_timeouts(timeouts);
    client.send(request).await.expect("an answer").into_body()
}

fn assert_timeout(error: &Error, expected: Phase) {
    assert!(error.is_timeout());
    assert!(matches!(error, Error::Timeout { phase, after: SHORT, .. } if *phase == expected), "{error:?}");
    assert!(error.to_string().contains(&format!("{expected} timeout")), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_runs_into_the_first_byte_limit() {
    let server = stalls_after("").await;
    let client =
        Client::builder().timeouts(Timeouts::none().with_first_byte(SHORT)).build().expect("a client");
    let error = client.send(Request::post(server.target("/"), "x")).await.expect_err("no answer");
    assert_timeout(&error, Phase::FirstByte);
}

#[tokio::test]
async fn a_server_that_never_ends_the_handshake_runs_into_the_connect_limit() {
    let server = listen(|_, socket| async move {
        let _held = socket;
        std::future::pending::<()>().await;
    })
    .await;
    let target = Target::parse(&format!("https://{}/", server.address)).expect("valid");
    let request = Request::get(target).with_timeouts(Timeouts::none().with_connect(SHORT));
    // Any certificate will do: without one there would be no handshake on a machine that trusts none.
    let ca = rcgen::generate_simple_self_signed(["ca".to_owned()]).expect("a certificate").cert.pem();
    let client = Client::builder().extra_ca_pem(ca.as_bytes()).build().expect("a client");
    let error = client.send(request).await.expect_err("no answer");
    assert_timeout(&error, Phase::Connect);
    assert!(error.is_connect());
}

#[tokio::test]
async fn silence_in_a_body_runs_into_the_idle_limit() {
    let server = stalls_after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    let mut body = body(&server, Timeouts::none().with_idle(SHORT)).await;
    assert_eq!(body.chunk().await.expect("a chunk").expect("a chunk"), "half");
    let error = body.chunk().await.expect("an error").expect_err("silence");
    assert_timeout(&error, Phase::Idle);
    assert!(body.chunk().await.is_none(), "after an error the body has ended");
}

#[tokio::test]
async fn chunks_in_time_keep_the_idle_limit_away_but_not_the_total_one() {
    let server = listen(|_, mut socket| async move {
        read_request(&mut socket).await.expect("a request");
        write(&mut socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        loop {
            beat.tick().await;
            use tokio::io::AsyncWriteExt as _;
            if socket.write_all(b"1\r\n.\r\n").await.is_err() {
                return;
            }
        }
    })
    .await;
    let idle = Duration::from_secs(5);
    let error =
        body(&server, Timeouts::none().with_idle(idle).with_total(SHORT)).await.collect(1 << 20).await;
    assert_timeout(&error.expect_err("no end"), Phase::Total);
}

#[tokio::test]
async fn the_total_limit_counts_the_wait_for_the_head_too() {
    let server = stalls_after("").await;
    let timeouts = Timeouts::default().with_total(SHORT);
    let request = Request::get(server.target("/")).with_timeouts(timeouts);
    let error = Client::new().expect("a client").send(request).await.expect_err("no answer");
    assert_timeout(&error, Phase::Total);
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused_with_the_cap_in_the_error() {
    let announced = stalls_after("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
    let error = body(&announced, Timeouts::none()).await.collect(999).await.expect_err("too large");
    assert!(matches!(error, Error::BodyTooLarge { cap: 999, length: Some(1_000_000), .. }), "{error:?}");
    assert!(error.to_string().contains("999") && error.to_string().contains("1000000"), "{error}");

    let unannounced = stalls_after(format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}",
        "4\r\nmore\r\n".repeat(300)
    ))
    .await;
    let error = body(&unannounced, Timeouts::none()).await.collect(999).await.expect_err("too large");
    assert!(matches!(error, Error::BodyTooLarge { cap: 999, length: None, .. }), "{error:?}");
}

#[tokio::test]
async fn a_body_of_just_the_cap_is_accepted_however_it_comes() {
    let large = "x".repeat(1_000_000);
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour".to_owned(), "four"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n".to_owned(), "four"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nfou\r\n1\r\nr\r\n0\r\n\r\n".to_owned(),
            "four",
        ),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n{large}"), large.as_str()),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_owned(), ""),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), ""),
    ] {
        let server = stalls_after(answer).await;
        let body = body(&server, Timeouts::default()).await.collect(expected.len()).await.expect("a body");
        assert!(body == expected);
    }
}

#[tokio::test]
async fn headers_over_the_cap_are_refused() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(200));
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(100_000));
    for answer in [many, long] {
        let server = stalls_after(answer).await;
        let client = Client::new().expect("a client");
        let error = client.send(Request::get(server.target("/"))).await.expect_err("too large");
        assert!(matches!(error, Error::HeadersTooLarge { .. }), "{error:?}");
    }
}
