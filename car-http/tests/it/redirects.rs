//! The rules of `redirect` hold over sockets.

use crate::server::{Answer, echo, serve};
use car_http::{Client, Error, RedirectRefusal, Request, header};
use http_body_util::Full;
use hyper::{Request as Incoming, Response};

async fn answer(request: Incoming<hyper::body::Incoming>) -> Answer {
    let (status, location) = match request.uri().path() {
        "/moved" => (308, "/here"),
        "/found" => (302, "here"),
        "/away" => (307, "http://user:secret@other.example/"),
        "/elsewhere" => (307, "http://other.example/"),
        "/loop" => (307, "/loop"),
        "/nowhere" => (307, ""),
        _ => return echo(request).await,
    };
    let mut response = Response::builder().status(status);
    if !location.is_empty() {
        response = response.header(header::LOCATION, location);
    }
    response.body(Full::default()).expect("a response")
}

#[tokio::test]
async fn repeats_the_body_within_the_origin() {
    let server = serve(answer).await;
    let client = Client::new().expect("a client");
    let response = client.send(Request::post(server.target("/moved"), "payload")).await.expect("an answer");
    assert_eq!(response.target().url().path(), "/here");
    assert_eq!(response.into_body().collect(100).await.expect("a body"), "payload");
    let response = client.send(Request::get(server.target("/found"))).await.expect("an answer");
    assert_eq!(response.into_body().collect(100).await.expect("a body"), "GET /here");
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn refuses_to_leave_and_to_lose_the_body() {
    let server = serve(answer).await;
    let client = Client::new().expect("a client");
    for (path, expected, to) in [
        ("/elsewhere", RedirectRefusal::OtherOrigin, "http://other.example"),
        ("/away", RedirectRefusal::InvalidLocation, "other.example/"),
        ("/found", RedirectRefusal::MessageWouldBeLost, "http://127.0.0.1"),
    ] {
        let error = client.send(Request::post(server.target(path), "payload")).await.expect_err(path);
        assert!(matches!(&error, Error::Redirect { why, .. } if *why == expected), "{error:?}");
        assert!(error.to_string().contains(to) && !error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn gives_up_on_a_loop() {
    let server = serve(answer).await;
    let client = Client::builder().max_redirects(3).build().expect("a client");
    let error = client.send(Request::get(server.target("/loop"))).await.expect_err("a loop");
    assert!(matches!(error, Error::TooManyRedirects { limit: 3, .. }), "{error:?}");
}
