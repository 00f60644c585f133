//! A server on loopback whose answers are a function of what it sees.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use car_http::{Bytes, Client, HeaderMap};
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::tool::CallToolResult;
use car_mcp::{CallOptions, Error, Session};
use car_mcp_http::HttpTransport;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The method of the message, or the HTTP method where there is none.
    pub(crate) fn method(&self) -> String {
        self.json()["method"].as_str().unwrap_or(&self.verb).to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The text of the answer to this request.
    pub(crate) fn result(&self, result: &str) -> String {
        format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, self.json()["id"])
    }

    pub(crate) fn refusal(&self, code: i64, message: &str) -> String {
        let id = self.json()["id"].clone();
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"}}}}"#)
    }

    pub(crate) fn answer(&self, result: &str) -> Answer {
        json(self.result(result))
    }
}

pub(crate) type Answer = Response<Pushed>;

/// A body that is pushed piece by piece.
pub(crate) struct Pushed {
    chunks: mpsc::UnboundedReceiver<Result<Bytes, Cut>>,
    is_cut: bool,
}

/// The connection is cut here.
#[derive(Debug)]
pub(crate) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("cut")
    }
}

impl std::error::Error for Cut {}

impl Body for Pushed {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.is_cut {
            return Poll::Ready(Some(Err(Cut)));
        }
        let chunk = std::task::ready!(self.chunks.poll_recv(context));
        if matches!(chunk, Some(Err(Cut))) {
            // What came before the cut leaves the server first.
            self.is_cut = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

/// Pushes a body. Dropping it ends the body in good order.
#[derive(Clone)]
pub(crate) struct Pusher(mpsc::UnboundedSender<Result<Bytes, Cut>>);

impl Pusher {
    pub(crate) fn push(&self, text: impl Into<Bytes>) {
        // The client may be gone: that is what some tests are about.
        drop(self.0.send(Ok(text.into())));
    }

    pub(crate) fn event(&self, data: &str) {
        self.push(format!("data: {}\n\n", data.replace('\n', "\ndata: ")));
    }

    /// Ends the connection in the middle of the body.
    pub(crate) fn cut(&self) {
        drop(self.0.send(Err(Cut)));
    }

    /// Waits until the client has closed the stream.
    pub(crate) async fn closed(&self) {
        self.0.closed().await;
    }
}

pub(crate) fn pushed(status: u16, kind: &str) -> (Pusher, Answer) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut response = Response::builder().status(status);
    if !kind.is_empty() {
        response = response.header("content-type", kind);
    }
    (Pusher(sender), response.body(Pushed { chunks: receiver, is_cut: false }).unwrap())
}

pub(crate) fn plain(status: u16, kind: &str, text: impl Into<Bytes>) -> Answer {
    let (pusher, answer) = pushed(status, kind);
    let text = text.into();
    if !text.is_empty() {
        pusher.push(text);
    }
    answer
}

pub(crate) fn json(text: impl Into<Bytes>) -> Answer {
    plain(200, "application/json", text)
}

pub(crate) fn stream() -> (Pusher, Answer) {
    pushed(200, "text/event-stream")
}

/// A stream of these chunks, which then ends.
pub(crate) fn sse(chunks: impl IntoIterator<Item = impl Into<Bytes>>) -> Answer {
    let (pusher, answer) = stream();
    for chunk in chunks {
        pusher.push(chunk);
    }
    answer
}

pub(crate) fn with_header(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    answer.headers_mut().append(name, value.parse().unwrap());
    answer
}

#[derive(Default)]
struct State {
    seen: Mutex<Vec<Seen>>,
    more: Notify,
    connections: Mutex<Vec<JoinHandle<()>>>,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    listener: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start<F>(answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::start_at("127.0.0.1:0".parse().unwrap(), answer).await
    }

    pub(crate) async fn start_at<F>(
        address: SocketAddr,
        answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state: Arc<State> = Arc::default();
        let kept = Arc::clone(&state);
        let listener = spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (state, answer) = (Arc::clone(&kept), answer.clone());
                let service = service_fn(move |request| {
                    let (state, answer) = (Arc::clone(&state), answer.clone());
                    async move {
                        let seen = read(request).await;
                        state.seen.lock().unwrap().push(seen.clone());
                        state.more.notify_waiters();
                        Ok::<_, Infallible>(answer(seen).await)
                    }
                });
                let connection = spawn(async move {
                    let http = hyper::server::conn::http1::Builder::new();
                    // An error is the client going away, or a body that is cut on purpose.
                    drop(http.serve_connection(TokioIo::new(socket), service).await);
                });
                kept.connections.lock().unwrap().push(connection);
            }
        });
        Self { address, state, listener }
    }

    /// Stops it: the port is free and every connection closed.
    pub(crate) async fn stop(mut self) -> SocketAddr {
        self.listener.abort();
        drop((&mut self.listener).await);
        let connections = std::mem::take(&mut *self.state.connections.lock().unwrap());
        for connection in connections {
            connection.abort();
            drop(connection.await);
        }
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub(crate) fn transport(&self) -> HttpTransport {
        HttpTransport::new(client(), &self.url()).unwrap()
    }

    pub(crate) async fn connect(&self) -> Session {
        builder().connect(self.transport()).await.unwrap()
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        self.all().iter().map(Seen::method).collect()
    }

    pub(crate) fn of(&self, method: &str) -> Vec<Seen> {
        self.all().into_iter().filter(|seen| seen.method() == method).collect()
    }

    /// Waits until a request of this method has come.
    pub(crate) async fn until(&self, method: &str) -> Seen {
        loop {
            let more = self.state.more.notified();
            if let Some(seen) = self.of(method).pop() {
                return seen;
            }
            more.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn read(request: Request<Incoming>) -> Seen {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Seen {
        verb: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a server works beside the test")]
pub(crate) fn spawn<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

pub(crate) fn client() -> Client {
    Client::new().unwrap()
}

pub(crate) fn builder() -> car_mcp::SessionBuilder {
    Session::builder(Implementation::new("tests"))
}

pub(crate) const DONE: &str = r#"{"content":[{"type":"text","text":"done"}]}"#;

pub(crate) const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],
    "capabilities":{"tools":{},"prompts":{},"resources":{}},"ttlMs":0,"cacheScope":"public"}"#;

pub(crate) const INITIALIZED: &str = r#"{"protocolVersion":"2025-11-25",
    "capabilities":{"tools":{},"prompts":{},"resources":{}},"serverInfo":{"name":"x","version":"1"}}"#;

/// A modern server that answers everything but the probe so.
pub(crate) async fn modern<F>(answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static) -> Server
where
    F: Future<Output = Answer> + Send + 'static,
{
    Server::start(move |seen| {
        let answer = answer.clone();
        async move {
            match seen.method().as_str() {
                "server/discover" => seen.answer(DISCOVERED),
                _ => answer(seen).await,
            }
        }
    })
    .await
}

/// What a legacy server with sessions does with the handshake; nothing if it is another message.
pub(crate) fn shaken(seen: &Seen, session: &str) -> Option<Answer> {
    Some(match seen.method().as_str() {
        "server/discover" => plain(400, "text/plain", "what?"),
        "initialize" => with_header(seen.answer(INITIALIZED), "mcp-session-id", session),
        method if method.starts_with("notifications/") => plain(202, "", ""),
        _ => return None,
    })
}

/// A legacy server with sessions that answers everything but the handshake so.
pub(crate) async fn legacy<F>(answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static) -> Server
where
    F: Future<Output = Answer> + Send + 'static,
{
    Server::start(move |seen| {
        let answer = answer.clone();
        async move {
            match shaken(&seen, "s-1") {
                Some(shaken) => shaken,
                None => answer(seen).await,
            }
        }
    })
    .await
}

pub(crate) async fn call(session: &Session) -> Result<CallToolResult, Error> {
    call_with(session, "t", "{}", &CallOptions::new()).await
}

pub(crate) async fn call_with(
    session: &Session,
    tool: &str,
    arguments: &str,
    options: &CallOptions,
) -> Result<CallToolResult, Error> {
    let arguments = car_mcp::proto::RawJson::from_text(arguments).unwrap();
    session.call_tool(tool, arguments.as_raw(), options).await
}
