//! Dropping what the client handed out is how a call is cancelled, and the server sees it at once.

use crate::server::{listen, read_request, write};
use car_http::{Client, Request};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::AsyncReadExt as _,
    sync::{Notify, mpsc},
};

/// A server that answers with `answer`, tells when it has, and tells when the client has closed the connection.
async fn server_that_watches(
    answer: &'static str,
) -> (crate::server::Server, Arc<Notify>, mpsc::UnboundedReceiver<()>) {
    let answered = Arc::new(Notify::new());
    let (closed, is_closed) = mpsc::unbounded_channel();
    let notify = Arc::clone(&answered);
    let server = listen(move |_, mut socket| {
        let (notify, closed) = (Arc::clone(&notify), closed.clone());
        async move {
            read_request(&mut socket).await.expect("a request");
            write(&mut socket, answer).await;
            notify.notify_one();
            // The end, or a reset: in both cases the client is gone.
            assert_eq!(socket.read(&mut [0; 1]).await.unwrap_or(0), 0);
            closed.send(()).expect("the test waits");
        }
    })
    .await;
    (server, answered, is_closed)
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let (server, answered, mut closed) = server_that_watches("").await;
    let client = Client::new().expect("a client");
    tokio::select! {
        _ = client.send(Request::post(server.target("/"), "x")) => panic!("there is no answer"),
        () = answered.notified() => {}
    }
    closed.recv().await.expect("closed");
}

#[tokio::test]
async fn a_dropped_body_closes_its_connection() {
    let (server, _, mut closed) =
        server_that_watches("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
    let client = Client::new().expect("a client");
    let mut response = client.send(Request::post(server.target("/"), "x")).await.expect("an answer");
    assert_eq!(response.body_mut().chunk().await.expect("a chunk").expect("a chunk"), "one");
    let waiting = tokio::time::timeout(Duration::from_millis(20), response.body_mut().chunk()).await;
    assert!(waiting.is_err(), "there is no second chunk");
    drop(response);
    closed.recv().await.expect("closed");
}

#[tokio::test]
async fn an_idle_connection_is_closed_on_request_and_with_the_client() {
    for close in [Client::close_idle, |_: &Client| {}] {
        let (server, _, mut closed) =
            server_that_watches("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let client = Client::new().expect("a client");
        let response = client.send(Request::post(server.target("/"), "x")).await.expect("an answer");
        assert_eq!(response.into_body().collect(2).await.expect("a body"), "ok");
        close(&client);
        drop(client);
        closed.recv().await.expect("closed");
    }
}
