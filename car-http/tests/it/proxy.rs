//! Requests through a proxy: plain ones in absolute form, TLS ones through a tunnel.

use crate::{
    server::{Server, echo, listen, read_request, serve, write},
    tls::{Authority, serve_tls},
};
use car_http::{Client, Error, ProxyConfig, Request, Target};

fn through(proxy: &Server, no_proxy: &str) -> ProxyConfig {
    let url = format!("http://me:secret@{}", proxy.address);
    ProxyConfig::from_variables(|name| match name {
        "http_proxy" | "HTTPS_PROXY" => Some(url.clone()),
        "NO_PROXY" => Some(no_proxy.to_owned()),
        _ => None,
    })
    .expect("valid")
}

#[tokio::test]
async fn plain_requests_go_in_absolute_form_with_the_proxy_s_credentials() {
    let proxy = listen(|_, mut socket| async move {
        while let Some(request) = read_request(&mut socket).await {
            let head = request.to_ascii_lowercase();
            assert!(head.starts_with("get http://a.example/path?q http/1.1\r\n"), "{head}");
            assert!(head.contains("\r\nhost: a.example\r\n"), "{head}");
            assert!(head.contains("\r\nproxy-authorization: basic bwu6c2vjcmv0\r\n"), "{head}");
            write(&mut socket, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let client = Client::builder().proxy(through(&proxy, "")).build().expect("a client");
    for _ in 0..2 {
        let target = Target::parse("http://a.example/path?q").expect("valid");
        let response = client.send(Request::get(target)).await.expect("an answer");
        assert_eq!(response.into_body().collect(2).await.expect("a body"), "ok");
    }
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn a_target_in_no_proxy_is_called_directly() {
    let server = serve(echo).await;
    let proxy = serve(echo).await;
    let client = Client::builder().proxy(through(&proxy, "127.0.0.1")).build().expect("a client");
    let response = client.send(Request::get(server.target("/"))).await.expect("an answer");
    assert_eq!(response.into_body().collect(100).await.expect("a body"), "GET /");
    assert_eq!((server.accepted(), proxy.accepted()), (1, 0));
}

/// A proxy that makes tunnels to `server`, whatever name it is asked for, and checks the request for one.
async fn tunnels_to(server: &Server) -> Server {
    let address = server.address;
    listen(move |_, mut socket| async move {
        let request = read_request(&mut socket).await.expect("a request");
        assert!(request.starts_with("CONNECT localhost:8443 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"), "{request}");
        write(&mut socket, "HTTP/1.1 200 Connection established\r\nx: y\r\n\r\n").await;
        let mut onward = tokio::net::TcpStream::connect(address).await.expect("the server");
        // Whichever side goes first, the tunnel has done its work.
        let _ended = tokio::io::copy_bidirectional(&mut socket, &mut onward).await;
    })
    .await
}

#[tokio::test]
async fn tls_requests_go_through_a_tunnel_and_end_at_the_server() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &["http/1.1"], false).await;
    let proxy = tunnels_to(&server).await;
    let client = Client::builder()
        .proxy(through(&proxy, ""))
        .extra_ca_pem(authority.pem().as_bytes())
        .build()
        .expect("a client");
    let target = Target::parse("https://localhost:8443/x").expect("valid");
    let response = client.send(Request::get(target)).await.expect("an answer");
    assert_eq!(response.into_body().collect(100).await.expect("a body"), "GET /x");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    for (answer, expected) in [
        ("HTTP/1.1 407 Who are you\r\n\r\n", "407"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "502"),
        ("nonsense\r\n\r\n", "not HTTP"),
        ("", "broke"),
    ] {
        let proxy = listen(move |_, mut socket| async move {
            read_request(&mut socket).await.expect("a request");
            write(&mut socket, answer).await;
        })
        .await;
        let client = Client::builder().proxy(through(&proxy, "")).build().expect("a client");
        let target = Target::parse("https://a.example/").expect("valid");
        let error = client.send(Request::get(target)).await.expect_err("refused");
        assert!(matches!(error, Error::Proxy { .. }), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected) && text.contains("127.0.0.1:") && !text.contains("secret"), "{text}");
    }
}
