//! Messages that belong to no request: to the right client, and to nobody who is gone.

use std::net::SocketAddr;
use std::time::Duration;

use car_mcp_http::server::{HttpServer, McpService, SessionOptions};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::peer::{Peer, described, patiently};
use crate::stage::Stage;

/// A service behind a real socket.
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    pub(crate) service: McpService,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listening {
    pub(crate) async fn start(service: McpService) -> Self {
        let server = HttpServer::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr();
        #[expect(clippy::disallowed_methods, reason = "the server runs beside the test")]
        let task = tokio::spawn(server.serve(service.clone()));
        Self { address, service, task }
    }

    /// Opens a stream of a session, and reads its head.
    pub(crate) async fn open(&self, session: &str, last: Option<&str>) -> BufReader<TcpStream> {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: {session}\r\n{last}\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut reader = BufReader::new(socket);
        assert!(next_line(&mut reader).await.unwrap().contains(" 200 "));
        while !next_line(&mut reader).await.unwrap().is_empty() {}
        reader
    }
}

/// Reads a line; nothing at the end.
pub(crate) async fn next_line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = patiently(reader.read_line(&mut line)).await.unwrap_or(0);
    (read > 0).then(|| line.trim_end().to_owned())
}

/// Reads lines until one that is data of an event with a message.
async fn next_data(reader: &mut BufReader<TcpStream>) -> String {
    loop {
        let line = next_line(reader).await.expect("the stream goes on");
        if let Some(data) = line.strip_prefix("data: {") {
            return format!("{{{data}");
        }
    }
}

fn impatient(stage: &Stage) -> McpService {
    described(stage, |builder| {
        let mut options = SessionOptions::default();
        options.grace = Duration::from_millis(100);
        builder.sessions(options)
    })
}

/// Waits until something is so.
async fn until(is_so: impl Fn() -> bool) {
    patiently(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_a_thousand_clients_gets_its_own() {
    let serving = Listening::start(McpService::new(Stage::default().server())).await;
    let mut clients = Vec::new();
    for _ in 0..1_000 {
        let peer = Peer::begun(&serving.service).await;
        let session = peer.session.unwrap();
        clients.push((serving.open(&session, None).await, session));
    }
    for (_, session) in clients.iter().rev() {
        let message = json!({"for": session}).to_string();
        assert!(serving.service.push_to_session(session, message));
    }
    for (reader, session) in &mut clients {
        assert_eq!(next_data(reader).await, json!({"for": session}).to_string());
    }
    assert!(!serving.service.push_to_session("AAAAAAAAAAAAAAAAAAAAAAAA", "{}"));
    assert!(!serving.service.push_to_session("", "{}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_vanishes_is_forgotten() {
    let serving = Listening::start(impatient(&Stage::default())).await;
    let peer = Peer::begun(&serving.service).await;
    let session = peer.session.unwrap();
    let reader = serving.open(&session, None).await;
    assert!(serving.service.push_to_session(&session, "{}"));
    // A reset rather than an end: nothing is said.
    reader.get_ref().set_zero_linger().unwrap();
    drop(reader);
    until(|| serving.service.session_count() == 0).await;
    assert!(!serving.service.push_to_session(&session, "{}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_clients_that_came_and_went_leave_nothing() {
    let service = impatient(&Stage::default());
    for _ in 0..100 {
        let mut streams = Vec::new();
        for _ in 0..100 {
            let peer = Peer::begun(&service).await;
            streams.push(peer.get().await);
        }
    }
    until(|| service.session_count() == 0).await;
}

#[tokio::test]
async fn no_message_is_said_on_two_streams() {
    let stage = Stage::default();
    let peer = Peer::begun(&described(&stage, |builder| builder)).await;
    let mut call = peer.call(2, "leave").await;
    let id = call.event().await.unwrap().id.unwrap();
    let mut own = peer.get().await;
    let mut call = {
        drop(call);
        peer.resume(&id).await
    };
    for _ in 0..10 {
        assert!(peer.push("{\"pushed\":1}"));
    }
    stage.go.add_permits(1);
    assert!(call.message().await.unwrap()["result"].is_object());
    assert_eq!(call.event().await, None);
    for _ in 0..10 {
        assert_eq!(own.message().await.unwrap(), json!({"pushed": 1}));
    }
}
