//! A transport whose other end is a function: faults have to be made, and time has to stand still.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::{ProtocolVersion, RawJson, RequestId};
use car_mcp::transport::{
    BoxFuture, BoxMessages, Message, MessageKind, Messages, Reply, Transport, TransportError,
};
use car_mcp::{Session, SessionBuilder};
use serde_json::Value;
use tokio::sync::{Notify, mpsc};

pub(crate) type Answer = Result<Reply, TransportError>;
type Script = dyn Fn(Sent) -> BoxFuture<'static, Answer> + Send + Sync;

/// A message as it reached the other end.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) id: Option<RequestId>,
    /// Empty for a response.
    pub(crate) method: String,
    pub(crate) name: Option<String>,
    pub(crate) version: Option<ProtocolVersion>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The text of the answer to this request.
    pub(crate) fn result(&self, result: &str) -> String {
        let id = serde_json::to_string(self.id.as_ref().unwrap()).unwrap();
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
    }

    pub(crate) fn answer(&self, result: &str) -> Answer {
        body(self.result(result))
    }

    pub(crate) fn refuse(&self, code: i64, message: &str) -> Answer {
        let id = serde_json::to_string(self.id.as_ref().unwrap()).unwrap();
        body(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"}}}}"#))
    }
}

pub(crate) fn body(text: impl Into<String>) -> Answer {
    Ok(Reply::Body(Bytes::from(text.into())))
}

/// Everything that was sent, in order.
#[derive(Default)]
pub(crate) struct Log {
    sent: Mutex<Vec<Sent>>,
    more: Notify,
    pub(crate) resets: AtomicUsize,
    pub(crate) closes: AtomicUsize,
    pub(crate) opened: AtomicUsize,
}

impl Log {
    pub(crate) fn all(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    pub(crate) fn of(&self, method: &str) -> Vec<Sent> {
        self.all().into_iter().filter(|sent| sent.method == method).collect()
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        self.all().into_iter().map(|sent| sent.method).collect()
    }

    pub(crate) fn forget(&self) {
        self.sent.lock().unwrap().clear();
    }

    /// Waits until a message of this method was sent.
    pub(crate) async fn until(&self, method: &str) -> Sent {
        loop {
            let more = self.more.notified();
            if let Some(sent) = self.of(method).pop() {
                return sent;
            }
            more.await;
        }
    }
}

/// The double itself.
pub(crate) struct Double {
    pub(crate) script: Arc<Script>,
    pub(crate) log: Arc<Log>,
    pub(crate) closing_cancels: bool,
    pub(crate) has_headers: bool,
    pub(crate) tells_calls_apart: bool,
    pub(crate) authorization: Arc<AtomicU64>,
    pub(crate) stream_hangs: bool,
    /// What each opening of the legacy stream gives; none when there are no more.
    pub(crate) streams: Mutex<VecDeque<Result<Option<BoxMessages>, TransportError>>>,
}

impl Double {
    pub(crate) fn new<F>(script: impl Fn(Sent) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self {
            script: Arc::new(move |sent| Box::pin(script(sent)) as BoxFuture<'static, Answer>),
            log: Arc::default(),
            closing_cancels: true,
            has_headers: true,
            tells_calls_apart: true,
            authorization: Arc::default(),
            stream_hangs: false,
            streams: Mutex::default(),
        }
    }

    /// A modern server whose answers to anything but the probe are the script's.
    pub(crate) fn modern<F>(script: impl Fn(Sent) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::new(move |sent| {
            let probed = (sent.method == "server/discover").then(|| sent.answer(DISCOVERED));
            let other = probed.is_none().then(|| script(sent));
            async move {
                match other {
                    Some(other) => other.await,
                    None => probed.unwrap(),
                }
            }
        })
    }

    /// A legacy server whose answers to anything but the handshake are the script's.
    pub(crate) fn legacy<F>(script: impl Fn(Sent) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::new(move |sent| {
            let shaken = match sent.method.as_str() {
                "server/discover" => Some(sent.refuse(-32601, "no such method")),
                "initialize" => Some(sent.answer(INITIALIZED)),
                "notifications/initialized" => Some(Ok(Reply::Accepted)),
                _ => None,
            };
            let other = shaken.is_none().then(|| script(sent));
            async move {
                match other {
                    Some(other) => other.await,
                    None => shaken.unwrap(),
                }
            }
        })
    }

    pub(crate) async fn connect(self) -> (Session, Arc<Log>) {
        self.connect_with(builder()).await
    }

    pub(crate) async fn connect_with(self, builder: SessionBuilder) -> (Session, Arc<Log>) {
        let log = Arc::clone(&self.log);
        let session = builder.connect(self).await.unwrap();
        (session, log)
    }
}

pub(crate) const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],
    "capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true},"completions":{}},
    "instructions":"be kind","ttlMs":0,"cacheScope":"public",
    "_meta":{"io.modelcontextprotocol/serverInfo":{"name":"double","version":"1"}}}"#;

pub(crate) const INITIALIZED: &str = r#"{"protocolVersion":"2025-11-25",
    "capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true},"logging":{}},
    "serverInfo":{"name":"double","version":"1"}}"#;

pub(crate) const DONE: &str = r#"{"content":[{"type":"text","text":"done"}]}"#;

pub(crate) fn builder() -> SessionBuilder {
    Session::builder(Implementation::new("tests"))
}

pub(crate) fn raw(text: &str) -> RawJson {
    RawJson::from_text(text).unwrap()
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Feeds a stream; when it is dropped, the stream ends.
pub(crate) struct Feeder(mpsc::UnboundedSender<Result<Bytes, TransportError>>);

impl Feeder {
    pub(crate) fn say(&self, text: impl Into<String>) {
        // Nobody listens any more: that is what some tests are about.
        drop(self.0.send(Ok(Bytes::from(text.into()))));
    }

    pub(crate) fn say_bytes(&self, bytes: Vec<u8>) {
        drop(self.0.send(Ok(Bytes::from(bytes))));
    }

    pub(crate) fn fail(&self, error: TransportError) {
        self.0.send(Err(error)).unwrap();
    }

    /// Waits until the reader has gone away.
    pub(crate) async fn dropped(&self) {
        self.0.closed().await;
    }
}

struct Fed(mpsc::UnboundedReceiver<Result<Bytes, TransportError>>);

impl Messages for Fed {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.0.poll_recv(context)
    }
}

pub(crate) fn feed() -> (Feeder, BoxMessages) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Feeder(sender), Box::new(Fed(receiver)))
}

/// A stream of these messages, which then ends.
pub(crate) fn stream(messages: impl IntoIterator<Item = impl Into<String>>) -> Answer {
    let (feeder, stream) = feed();
    for message in messages {
        feeder.say(message);
    }
    Ok(Reply::Stream(stream))
}

pub(crate) fn closed() -> TransportError {
    TransportError::Closed { source: None }
}

impl Transport for Double {
    fn send<'a>(&'a self, message: Message<'a>) -> BoxFuture<'a, Answer> {
        let (id, method, name) = match message.kind {
            MessageKind::Request { id, method, name } => (Some(id.clone()), method, name),
            MessageKind::Notification { method } => (None, method, None),
            MessageKind::Response => (None, "", None),
        };
        let sent = Sent {
            id,
            method: method.to_owned(),
            name: name.map(str::to_owned),
            version: message.version,
            headers: message.param_headers.to_vec(),
            body: String::from_utf8(message.body.to_vec()).unwrap(),
        };
        self.log.sent.lock().unwrap().push(sent.clone());
        self.log.more.notify_waiters();
        (self.script)(sent)
    }

    fn open_stream(
        &self,
        _version: ProtocolVersion,
    ) -> Pin<Box<dyn Future<Output = Result<Option<BoxMessages>, TransportError>> + Send + '_>> {
        self.log.opened.fetch_add(1, Ordering::Relaxed);
        let next = self.streams.lock().unwrap().pop_front();
        let hangs = self.stream_hangs;
        Box::pin(async move { if hangs { std::future::pending().await } else { next.unwrap_or(Ok(None)) } })
    }

    fn reset(&self) {
        self.log.resets.fetch_add(1, Ordering::Relaxed);
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.log.closes.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }

    fn closing_cancels(&self) -> bool {
        self.closing_cancels
    }

    fn tells_calls_apart(&self) -> bool {
        self.tells_calls_apart
    }

    fn has_headers(&self) -> bool {
        self.has_headers
    }

    fn authorization(&self) -> u64 {
        self.authorization.load(Ordering::Relaxed)
    }

    fn peer(&self) -> String {
        "a double".to_owned()
    }
}
