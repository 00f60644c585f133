//! Connections are used again, and a server that closed one in between is not noticed.

use crate::server::{echo, listen, read_request, serve, spawn, write};
use car_http::{Client, Request, StatusCode};
use std::sync::Arc;
use tokio::sync::Semaphore;

const CAP: usize = 1024;

#[tokio::test]
async fn a_hundred_calls_in_a_row_use_one_connection() {
    let server = serve(echo).await;
    let client = Client::new().expect("a client");
    for number in 0..100 {
        let body = format!("call {number}");
        let response = client.send(Request::post(server.target("/"), body.clone())).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.into_body().collect(CAP).await.expect("a body"), body);
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn sixty_four_calls_at_once_use_as_many_connections_and_the_next_ones_none() {
    let barrier = Arc::new(tokio::sync::Barrier::new(64));
    let server = serve(move |request| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            echo(request).await
        }
    })
    .await;
    let client = Client::new().expect("a client");
    for _ in 0..3 {
        let calls: Vec<_> = (0..64)
            .map(|number| {
                let (client, target) = (client.clone(), server.target("/"));
                spawn(async move {
                    let response = client.send(Request::post(target, number.to_string())).await?;
                    response.into_body().collect(CAP).await
                })
            })
            .collect();
        for (number, call) in calls.into_iter().enumerate() {
            let body = call.await.expect("no panic").expect("an answer");
            assert_eq!(body, number.to_string());
        }
    }
    assert_eq!(server.accepted(), 64);
}

#[tokio::test]
async fn a_server_that_closed_the_idle_connection_is_not_noticed() {
    let server = listen(|_, mut socket| async move {
        read_request(&mut socket).await.expect("a request");
        write(&mut socket, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    })
    .await;
    let client = Client::new().expect("a client");
    for _ in 0..3 {
        let response = client.send(Request::post(server.target("/"), "x")).await.expect("an answer");
        assert_eq!(response.into_body().collect(CAP).await.expect("a body"), "ok");
        // Blocks the runtime on purpose: the client has had no chance to see the end of the connection.
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn a_body_that_is_finished_early_gives_its_connection_back_once_its_end_has_come() {
    let (more, ended) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (wanted, told) = (Arc::clone(&more), Arc::clone(&ended));
    let server = listen(move |_, mut socket| {
        let (wanted, told) = (Arc::clone(&wanted), Arc::clone(&told));
        async move {
            socket.set_nodelay(true).unwrap();
            while read_request(&mut socket).await.is_some() {
                write(&mut socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n").await;
                wanted.acquire().await.unwrap().forget();
                write(&mut socket, "4\r\nmore\r\n0\r\n\r\n").await;
                told.add_permits(1);
            }
        }
    })
    .await;
    let client = Client::new().expect("a client");
    for _ in 0..3 {
        let response = client.send(Request::post(server.target("/"), "x")).await.expect("an answer");
        let mut body = response.into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "ok");
        body.finish();
        more.add_permits(1);
        ended.acquire().await.unwrap().forget();
        // It has been written; the runtime looks at its sockets once in some turns.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_read_for_ever() {
    let server = listen(|_, mut socket| async move {
        read_request(&mut socket).await.expect("a request");
        write(&mut socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
        while tokio::io::AsyncWriteExt::write_all(&mut socket, chunk.as_bytes()).await.is_ok() {}
    })
    .await;
    let client = Client::new().expect("a client");
    let response = client.send(Request::post(server.target("/"), "x")).await.expect("an answer");
    response.into_body().finish();
    server.ended.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn an_answer_that_comes_before_the_upload_is_finished_is_read() {
    let server = listen(|_, mut socket| async move {
        // Reads nothing: the body of the request does not fit into the socket's buffers.
        write(&mut socket, "HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\n\r\nfull").await;
        std::future::pending::<()>().await;
    })
    .await;
    let client = Client::new().expect("a client");
    for _ in 0..2 {
        let body = vec![b'x'; 32 * 1024 * 1024];
        let response = client.send(Request::post(server.target("/"), body)).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(response.into_body().collect(CAP).await.expect("a body"), "full");
    }
    assert_eq!(server.accepted(), 2, "a connection in the middle of a request is not used again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_on_many_threads_lose_no_wake_up() {
    let server = serve(echo).await;
    let client = Client::new().expect("a client");
    let callers: Vec<_> = (0..16)
        .map(|caller| {
            let (client, target) = (client.clone(), server.target("/"));
            spawn(async move {
                for call in 0..100 {
                    let body = vec![b'x'; caller * call * 100];
                    let response = client.send(Request::post(target.clone(), body.clone())).await?;
                    let answer = response.into_body().collect(1 << 20).await?;
                    assert!(body.is_empty() || answer == body);
                }
                Ok::<_, car_http::Error>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic").expect("answers");
    }
}

#[tokio::test]
async fn the_content_length_is_the_client_s_to_say() {
    let server = listen(|_, mut socket| async move {
        let request = read_request(&mut socket).await.expect("a request").to_ascii_lowercase();
        assert!(request.contains("\r\ncontent-length: 3\r\n") && !request.contains("999"), "{request}");
        assert!(!request.contains("accept-encoding") && !request.contains("chunked"), "{request}");
        write(&mut socket, "HTTP/1.1 204 No Content\r\n\r\n").await;
        let request = read_request(&mut socket).await.expect("a request").to_ascii_lowercase();
        assert!(request.contains("\r\ncontent-length: 0\r\n"), "{request}");
        write(&mut socket, "HTTP/1.1 204 No Content\r\n\r\n").await;
    })
    .await;
    let client = Client::new().expect("a client");
    let request = Request::post(server.target("/"), "abc")
        .with_header(car_http::header::CONTENT_LENGTH, "999".parse().expect("a value"))
        .with_header(car_http::header::TRANSFER_ENCODING, "chunked".parse().expect("a value"));
    for request in [request, Request::post(server.target("/"), "")] {
        let response = client.send(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(server.accepted(), 1);
}
