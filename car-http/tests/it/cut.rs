//! Answers that break off, never come, or are no HTTP.

use crate::server::{Server, listen, read_request, write};
use car_http::{Client, Error, Request, Stage};

/// Serves one raw answer per connection and closes it.
async fn raw(answer: &'static str) -> Server {
    listen(move |_, mut socket| async move {
        read_request(&mut socket).await.expect("a request");
        write(&mut socket, answer).await;
    })
    .await
}

async fn body_error(answer: &'static str) -> Error {
    let server = raw(answer).await;
    let client = Client::new().expect("a client");
    let response = client.send(Request::get(server.target("/"))).await.expect("an answer");
    response.into_body().collect(1024).await.expect_err(answer)
}

async fn head_error(answer: &'static str) -> Error {
    let server = raw(answer).await;
    let client = Client::new().expect("a client");
    client.send(Request::post(server.target("/"), "x")).await.map(|_| ()).expect_err(answer)
}

#[tokio::test]
async fn a_body_that_is_cut_is_an_error() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nhalf",
    ] {
        let error = body_error(answer).await;
        assert!(matches!(error, Error::ConnectionClosed { stage: Stage::MidBody, .. }), "{error:?}");
        assert!(error.to_string().contains("incomplete body"), "{error}");
    }
}

#[tokio::test]
async fn a_body_without_length_ends_with_the_connection() {
    let server = raw("HTTP/1.1 200 OK\r\n\r\nall of it").await;
    let client = Client::new().expect("a client");
    let response = client.send(Request::get(server.target("/"))).await.expect("an answer");
    assert_eq!(response.into_body().collect(1024).await.expect("a body"), "all of it");
}

#[tokio::test]
async fn a_broken_chunk_is_a_protocol_error() {
    let error = body_error("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhalf\r\n").await;
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_protocol_error() {
    for answer in ["SSH-2.0-server\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"] {
        let error = head_error(answer).await;
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn no_answer_at_all_says_that_the_call_may_have_been_carried_out() {
    for answer in ["", "HTTP/1.1 20"] {
        let error = head_error(answer).await;
        assert!(error.is_closed_before_response(), "{error:?}");
        assert!(error.is_transient() && !error.is_connect());
    }
}

/// Answers the first request of a connection, and closes it when the second has been read.
async fn serves_once_per_connection() -> Server {
    listen(|_, mut socket| async move {
        read_request(&mut socket).await.expect("a request");
        write(&mut socket, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        read_request(&mut socket).await;
    })
    .await
}

#[tokio::test]
async fn a_reused_connection_that_dies_is_replaced_for_idempotent_methods_only() {
    let client = Client::new().expect("a client");
    let server = serves_once_per_connection().await;
    for _ in 0..2 {
        let response = client.send(Request::get(server.target("/"))).await.expect("an answer");
        assert_eq!(response.into_body().collect(2).await.expect("a body"), "ok");
    }
    assert_eq!(server.accepted(), 2);
    let error = client.send(Request::post(server.target("/"), "x")).await.expect_err("not repeated");
    assert!(error.is_closed_before_response(), "{error:?}");
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", unused.local_addr().expect("bound"));
    drop(unused);
    let target = car_http::Target::parse(&url).expect("valid");
    let error = Client::new().expect("a client").send(Request::get(target)).await.expect_err("refused");
    assert!(matches!(error, Error::Connect { .. }) && error.is_connect(), "{error:?}");
    assert!(error.to_string().contains("http://127.0.0.1:"), "{error}");
}
