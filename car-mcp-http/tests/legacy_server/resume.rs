//! A thousand events, cut at a hundred places: each comes once, in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::negotiate::EraPreference;
use car_mcp::{CallOptions, Session};
use car_mcp_http::HttpTransport;
use car_mcp_http::http_client::Client;
use car_mcp_http::server::{McpService, SessionOptions};
use proptest::strategy::{Strategy as _, ValueTree as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::{Peer, call, described, patiently, text};
use crate::push::Listening;
use crate::stage::Stage;

/// How many events a stream has, beside its answer.
const EVENTS: u64 = 1_000;

/// How many bytes of a connection are always passed on: more than a session takes to begin.
const LEAST: u64 = 5_000;

/// What a client that keeps nothing but the last id has got of a stream.
#[derive(Default)]
struct Got {
    last: Option<String>,
    messages: Vec<Value>,
}

impl Got {
    /// Reads whole events from a connection, up to a number of bytes of it, which may cut the last event anywhere.
    async fn read(&mut self, connection: &mut BufReader<TcpStream>, bytes: u64) {
        let mut limited = connection.take(bytes);
        let (mut id, mut data) = (None, None);
        loop {
            let mut line = String::new();
            if patiently(limited.read_line(&mut line)).await.unwrap_or(0) == 0 || !line.ends_with('\n') {
                return;
            }
            let line = line.trim_end();
            if let Some(value) = line.strip_prefix("id: ") {
                id = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("data: ") {
                data = Some(value.to_owned());
            } else if line.is_empty() {
                self.last = id.take().or_else(|| self.last.take());
                if let Some(data) = data.take().filter(|data: &String| !data.is_empty()) {
                    self.messages.push(serde_json::from_str(&data).unwrap());
                }
                if self.is_complete() {
                    return;
                }
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.messages.last().is_some_and(|message| message.get("result").is_some())
    }

    fn check(&self) {
        let (last, rest) = self.messages.split_last().unwrap();
        assert_eq!(text(last), "counted");
        let numbers: Vec<u64> =
            rest.iter().map(|message| message["params"]["data"].as_u64().unwrap()).collect();
        assert!(numbers.into_iter().eq(1..=EVENTS), "{} messages", rest.len());
    }
}

/// Begins a call over a socket, and reads the head of its stream.
async fn begin(serving: &Listening, session: &str) -> BufReader<TcpStream> {
    let body = call(2, "count", json!({"to": EVENTS})).to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n\
         Content-Type: application/json\r\nMcp-Session-Id: {session}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut socket = TcpStream::connect(serving.address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut reader = BufReader::new(socket);
    while !crate::push::next_line(&mut reader).await.unwrap().is_empty() {}
    reader
}

/// A place in a stream that nobody can foresee, yet the same in each run.
fn places(count: usize, least: u64, most: u64) -> Vec<u64> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let one = least..most;
    (0..count).map(|_| one.new_tree(&mut runner).unwrap().current()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_cut_anywhere_goes_on_there() {
    let serving = Listening::start(McpService::new(Stage::default().server())).await;
    let session = Peer::begun(&serving.service).await.session.unwrap();
    // An event is about 130 bytes here, framing of chunks included.
    let mut later = places(1_000, 1, EVENTS * 130).into_iter().cycle();
    for place in places(100, 1, EVENTS * 130) {
        let mut got = Got::default();
        got.read(&mut begin(&serving, &session).await, place).await;
        let mut again = 0;
        while !got.is_complete() {
            // A cut before the first event leaves nothing to come back with; the next connection is to get further.
            let Some(last) = got.last.clone() else { break };
            let mut connection = serving.open(&session, Some(&last)).await;
            got.read(&mut connection, later.next().unwrap()).await;
            again += 1;
            assert!(again < 100, "it does not get on");
        }
        match got.last {
            Some(_) => got.check(),
            None => assert!(place < 200, "something arrived"),
        }
    }
}

/// Passes connections on to a server, and cuts each that carries an event stream after a number of bytes.
async fn cutting(listener: TcpListener, to: SocketAddr, places: Vec<u64>, cuts: Arc<AtomicUsize>) {
    for place in places.into_iter().cycle() {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        let cuts = Arc::clone(&cuts);
        #[expect(clippy::disallowed_methods, reason = "each connection is passed on by itself")]
        drop(tokio::spawn(async move {
            let (mut near_read, mut near_write) = near.split();
            let (far_read, mut far_write) = far.split();
            let mut far_read = far_read.take(place);
            let there = tokio::io::copy(&mut near_read, &mut far_write);
            let back = tokio::io::copy(&mut far_read, &mut near_write);
            tokio::select! {
                _ = there => {}
                copied = back => {
                    cuts.fetch_add(usize::from(copied.is_ok_and(|copied| copied == place)), Ordering::Relaxed);
                }
            }
        }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_client_comes_back_for_its_answer() {
    let service = described(&Stage::default(), |builder| {
        let mut options = SessionOptions::default();
        options.retry = std::time::Duration::from_millis(1);
        builder.sessions(options)
    });
    let serving = Listening::start(service).await;
    let cuts = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "connections are cut beside the test")]
    let cutting =
        tokio::spawn(cutting(listener, serving.address, places(50, LEAST, EVENTS * 60), Arc::clone(&cuts)));
    for _ in 0..10 {
        let transport = HttpTransport::new(Client::new().unwrap(), &url).unwrap();
        let builder = Session::builder(Implementation::new("test")).era(EraPreference::Legacy);
        let session = patiently(builder.connect(transport)).await.unwrap();
        let arguments = serde_json::value::to_raw_value(&json!({"to": EVENTS})).unwrap();
        let result = patiently(session.call_tool("count", &arguments, &CallOptions::new())).await;
        assert_eq!(result.unwrap().content.len(), 1);
    }
    cutting.abort();
    assert!(cuts.load(Ordering::Relaxed) >= 10, "each call was cut at least once");
}
