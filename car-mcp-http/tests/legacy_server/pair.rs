//! The HTTP+SSE pair of 2024-11-05, and streams that begin a session.

use std::net::SocketAddr;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::{CallOptions, Session};
use car_mcp_http::HttpTransport;
use car_mcp_http::http_client::Client;
use car_mcp_http::server::{McpService, SessionOptions};
use http::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::{Peer, call, described, hello, patiently, text};
use crate::push::Listening;
use crate::stage::Stage;

fn with(set: impl FnOnce(&mut SessionOptions)) -> McpService {
    described(&Stage::default(), |builder| {
        let mut options = SessionOptions::default();
        set(&mut options);
        builder.sessions(options)
    })
}

#[tokio::test]
async fn an_old_client_is_told_where_to_post_and_is_answered_on_its_stream() {
    let service = with(|options| options.pair = true);
    for path in ["/sse", "/mcp"] {
        let mut peer = Peer::new(&service);
        peer.path = path.to_owned();
        peer.accept = "text/event-stream";
        let mut stream = peer.get().await;
        let first = stream.event().await.unwrap();
        assert_eq!(first.kind.as_deref(), Some("endpoint"));
        assert!(first.data.starts_with("/messages?session="), "{}", first.data);
        peer.path = first.data;
        peer.accept = "*/*";
        assert_eq!(peer.post(hello("2024-11-05")).await.status, StatusCode::ACCEPTED);
        assert_eq!(stream.message().await.unwrap()["result"]["protocolVersion"], "2024-11-05");
        assert_eq!(peer.post(call(2, "count", json!({"to": 20}))).await.status, StatusCode::ACCEPTED);
        for number in 1..=20 {
            let event = stream.event().await.unwrap();
            assert_eq!((event.json()["params"]["data"].as_u64(), event.id), (Some(number), None));
        }
        assert_eq!(text(&stream.message().await.unwrap()), "counted");
        assert_eq!(service.session_count(), 1);
        drop(stream);
        assert_eq!(service.session_count(), 0);
        assert_eq!(peer.post(hello("2024-11-05")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_pair_is_off_unless_it_is_turned_on() {
    let mut peer = Peer::plain();
    assert_eq!(peer.get().await.status, StatusCode::BAD_REQUEST);
    for path in ["/sse", "/messages?session=AAAAAAAAAAAAAAAAAAAAAAAA"] {
        peer.path = path.to_owned();
        assert_eq!(peer.get().await.status, StatusCode::NOT_FOUND);
        assert_eq!(peer.post(hello("2024-11-05")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_session_of_the_endpoint_cannot_be_used_by_the_pair() {
    let service = with(|options| options.pair = true);
    let begun = Peer::begun(&service).await;
    let mut peer = Peer::new(&service);
    peer.path = format!("/messages?session={}", begun.session.unwrap());
    assert_eq!(peer.call(2, "greet").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stream_without_a_session_gets_one_that_ends_with_it() {
    let service = with(|options| options.anonymous_streams = true);
    let mut peer = Peer::new(&service);
    let mut stream = peer.get().await;
    let id = stream.header("mcp-session-id").unwrap().to_owned();
    let first = stream.event().await.unwrap();
    assert_eq!(first.kind.as_deref(), Some("session"));
    assert_eq!(first.json(), json!({"sessionId": id}));
    peer.session = Some(id);
    assert!(peer.push("{\"a\":1}"));
    assert_eq!(stream.message().await.unwrap(), json!({"a": 1}));
    assert_eq!(peer.post(hello("2025-11-25")).await.status, StatusCode::OK);
    assert_eq!(text(&peer.call(2, "greet").await.whole().await.json()), "hello");
    drop(stream);
    assert!(!peer.push("{}"));
    assert_eq!(service.session_count(), 0);
}

/// Passes connections on to a server, but for those that POST to where an old server has its stream.
async fn as_old_servers_do(listener: TcpListener, to: SocketAddr) {
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "each connection is passed on by itself")]
        drop(tokio::spawn(async move {
            let mut begin = [0; 9];
            near.read_exact(&mut begin).await.unwrap();
            if &begin == b"POST /sse" {
                let refusal =
                    "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                return near.write_all(refusal.as_bytes()).await.unwrap();
            }
            let mut far = TcpStream::connect(to).await.unwrap();
            far.write_all(&begin).await.unwrap();
            let _cut = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_client_speaks_the_pair() {
    let serving = Listening::start(with(|options| options.pair = true)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sse", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "connections are passed on beside the test")]
    let passing = tokio::spawn(as_old_servers_do(listener, serving.address));
    let transport = HttpTransport::new(Client::new().unwrap(), &url).unwrap();
    let builder = Session::builder(Implementation::new("test")).era(EraPreference::Legacy);
    let session = patiently(builder.connect(transport)).await.unwrap();
    assert_eq!(serving.service.session_count(), 1);
    let arguments = serde_json::value::to_raw_value(&json!({"to": 3})).unwrap();
    let result = patiently(session.call_tool("count", &arguments, &CallOptions::new())).await;
    assert_eq!(result.unwrap().content.len(), 1);
    drop(session);
    passing.abort();
}
