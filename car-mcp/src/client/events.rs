//! What a server tells unasked, as a stream, in both eras.
//!
//! ```text
//!  modern:  subscriptions/listen ─▶ acknowledged ─▶ notifications ─┐
//!  legacy:  GET stream ─────────────────────────▶ notifications ──┼─▶ lists forget ─▶ hub ─▶ EventStream::next
//!  either:  notifications within an answer's own stream ───────────┘
//! ```
//!
//! The stream is driven by whoever waits for its next event: there is no task, and a session that nobody listens to
//! holds no stream.

use std::sync::Arc;
use std::time::Duration;

use car_mcp_proto::method::{Listen, Method};
use car_mcp_proto::rpc::Incoming;
use car_mcp_proto::subscription::{ListenResult, SubscriptionFilter};
use car_mcp_proto::{ProtocolVersion, RawJson, RequestId};
use futures_util::future::OptionFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::{Instant, sleep_until};

use super::asked::Whose;
use super::encode::{Param, Params, encode_request};
use super::session::Session;
use crate::error::Error;
use crate::transport::{BoxFuture, BoxMessages, Message, MessageKind, Reply, TransportError};

/// How many events wait for a slow listener before it is told only that it missed some.
const WAITING_EVENTS: usize = 64;

/// The first wait before a broken stream is opened again; it doubles each time.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);

/// The longest wait: a server that is away for an hour is asked a hundred times, not thousands.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Something that changed at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The list of tools.
    ToolsChanged,
    /// The list of prompts.
    PromptsChanged,
    /// The list of resources.
    ResourcesChanged,
    /// A resource, or a part of it.
    ResourceUpdated {
        /// Its URI.
        uri: String,
    },
    /// Something may have changed while nobody heard of it: the stream was broken, or the listener too slow.
    Missed,
}

/// The server's events, one after the other.
pub struct EventStream {
    session: Session,
    filter: SubscriptionFilter,
    hub: broadcast::Receiver<Event>,
    source: Source,
    backoff: Duration,
    was_open: bool,
    opened: Instant,
    /// Whether a message has come since the stream was opened: an error that comes first refuses the stream.
    acknowledged: bool,
    /// Whether the session has a stream of its own, for questions: some servers allow one only, and everything that
    /// comes there is told here.
    has_listener: bool,
    /// The request that the open stream answers, where dropping the stream does not tell the server enough.
    listening: Option<(RequestId, ProtocolVersion)>,
    /// Answers to questions of a legacy server, on their way.
    questions: FuturesUnordered<BoxFuture<'static, ()>>,
}

/// Where events come from beside the answers of other requests.
enum Source {
    /// To be opened at this time.
    Waiting(Instant),
    Open(BoxMessages),
    /// The server has no such stream.
    Absent,
}

impl Session {
    /// Listens to the server's events. The stream opens with the first call of [`EventStream::next`].
    pub fn events(&self, filter: SubscriptionFilter) -> EventStream {
        let hub = self.inner.events.get_or_init(|| broadcast::channel(WAITING_EVENTS).0).subscribe();
        EventStream {
            // Not the listener's guard: a stream must not keep itself alive.
            session: Self { inner: Arc::clone(&self.inner), listener: None },
            filter,
            hub,
            source: Source::Waiting(Instant::now()),
            backoff: FIRST_BACKOFF,
            was_open: false,
            opened: Instant::now(),
            acknowledged: false,
            has_listener: self.listener.is_some(),
            listening: None,
            questions: FuturesUnordered::new(),
        }
    }
}

impl EventStream {
    /// Waits for the next event. A stream that breaks is opened again, after a wait that grows; the first event then
    /// is [`Event::Missed`].
    ///
    /// # Errors
    /// Says why the stream cannot be opened at all: the server refuses it, or wants a sign-in. What passes is not an
    /// error.
    ///
    /// # Cancel safety
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<Event, Error> {
        loop {
            if matches!(self.source, Source::Waiting(at) if at <= Instant::now()) {
                self.open().await?;
                if matches!(self.source, Source::Open(_)) && std::mem::take(&mut self.was_open) {
                    self.session.inner.lists.clear();
                    // Others may have relied on this stream: it comes back to this one too.
                    self.session.inner.publish(Event::Missed);
                }
            }
            let waiting = match self.source {
                Source::Waiting(at) => Some(sleep_until(at)),
                _ => None,
            };
            let waiting: OptionFuture<_> = waiting.into();
            let message: OptionFuture<_> = match &mut self.source {
                Source::Open(messages) if self.questions.len() < WAITING_EVENTS => {
                    Some(messages.message()).into()
                }
                _ => None.into(),
            };
            tokio::select! {
                event = self.hub.recv() => match event {
                    Ok(event) => return Ok(event),
                    Err(RecvError::Lagged(_)) => return Ok(Event::Missed),
                    // The session, which this stream holds, keeps the other end.
                    Err(RecvError::Closed) => unreachable_hub().await,
                },
                Some(()) = self.questions.next(), if !self.questions.is_empty() => {}
                Some(message) = message => self.handle_message(message)?,
                Some(()) = waiting => {}
            }
        }
    }

    /// Tells whether the server has no such stream.
    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self.source, Source::Absent)
    }

    pub(crate) async fn open(&mut self) -> Result<(), Error> {
        match self.open_now().await {
            Ok(source) => {
                self.source = source;
                self.opened = Instant::now();
                self.acknowledged = false;
                Ok(())
            }
            Err(error) if error.is_transient() => {
                tracing::debug!(session = ?self.session, %error, "the stream of events cannot be opened yet");
                self.wait();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn open_now(&mut self) -> Result<Source, Error> {
        let agreed = self.session.agreed();
        if !agreed.is_legacy() {
            return match self.listen().await {
                // The server has to be met anew, as after it was started again.
                Err(Error::Transport(TransportError::SessionExpired)) => {
                    self.session.handshake(agreed.generation).await?;
                    Ok(Source::Waiting(Instant::now()))
                }
                outcome => outcome,
            };
        }
        for uri in self.filter.resource_subscriptions.clone().into_iter().flatten() {
            self.session.subscribe(&uri).await?;
        }
        if self.has_listener {
            return Ok(Source::Absent);
        }
        let opened = self.session.inner.transport.open_stream(agreed.version()).await;
        match opened {
            Ok(Some(messages)) => Ok(Source::Open(messages)),
            Ok(None) => Ok(Source::Absent),
            // Either the session is gone or there is no such stream: a request tells which, and makes a new handshake
            // if that is what is needed.
            Err(TransportError::SessionExpired) => match self.session.ping().await {
                Err(error @ (Error::Transport(_) | Error::TimedOut { .. } | Error::Negotiation(_))) => {
                    Err(error)
                }
                // Any answer will do.
                _ if self.session.agreed().generation == agreed.generation => Ok(Source::Absent),
                _ => Ok(Source::Waiting(Instant::now())),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// Sends `subscriptions/listen`.
    async fn listen(&mut self) -> Result<Source, Error> {
        let method = Listen::NAME;
        let agreed = self.session.agreed();
        let id = self.session.inner.next_id();
        let unwritable = |error: serde_json::Error| Error::Parameters {
            method: method.to_owned(),
            reason: error.to_string(),
        };
        let filter = RawJson::from_value(&self.filter).map_err(unwritable)?;
        let params = Params {
            own: &[("notifications", Param::Raw(filter.as_raw()))],
            retry: None,
            session_meta: &agreed.request_meta,
            caller_meta: &Default::default(),
            progress_token: None,
        };
        let body = encode_request(&id, method, &params)?;
        let kind = MessageKind::Request { id: &id, method, name: None };
        let message = Message::new(kind, Some(agreed.version()), body);
        match self.session.inner.transport.send(message).await? {
            Reply::Stream(messages) => {
                let needed = !self.session.inner.transport.closing_cancels();
                self.listening = needed.then(|| (id, agreed.version()));
                Ok(Source::Open(messages))
            }
            Reply::Body(body) => read_refusal(&id, &body),
            Reply::Accepted => Ok(Source::Absent),
        }
    }

    fn handle_message(&mut self, message: Option<Result<bytes::Bytes, TransportError>>) -> Result<(), Error> {
        let text = match message {
            Some(Ok(text)) => text,
            Some(Err(error)) => {
                tracing::debug!(session = ?self.session, %error, "the stream of events broke");
                self.wait();
                return Ok(());
            }
            None => {
                self.wait();
                return Ok(());
            }
        };
        let Ok(text) = std::str::from_utf8(&text) else { return Ok(()) };
        let first = !std::mem::replace(&mut self.acknowledged, true);
        match serde_json::from_str::<Incoming<'_, RawJson>>(text) {
            Ok(Incoming::Notification { method, params }) => {
                self.session.handle_notification(None, &method, params);
            }
            Ok(Incoming::Request { .. }) if self.session.agreed().is_legacy() => {
                let (session, text) = (self.session.clone(), text.to_owned());
                let version = session.version();
                self.questions
                    .push(Box::pin(async move { session.answer_text(&text, version, Whose::Unnamed).await }));
            }
            // A modern server must not ask here, and must not be answered.
            Ok(Incoming::Request { .. }) => {}
            // The server ends the stream in good order; it may be opened again.
            Ok(Incoming::Response { .. }) => self.wait(),
            Ok(Incoming::Error { error, .. }) if first => {
                self.source = Source::Absent;
                return Err(Error::Refused { method: Listen::NAME.to_owned(), error });
            }
            Ok(Incoming::Error { error, .. }) => {
                tracing::debug!(session = ?self.session, %error, "the server ended the stream of events");
                self.wait();
            }
            Err(error) => tracing::debug!(session = ?self.session, %error, "a message could not be read"),
        }
        Ok(())
    }

    fn wait(&mut self) {
        // A stream that held for a while is a server that works; one that closes at once is asked ever less often.
        if matches!(self.source, Source::Open(_)) && self.opened.elapsed() >= MAX_BACKOFF {
            self.backoff = FIRST_BACKOFF;
        }
        self.was_open |= matches!(self.source, Source::Open(_));
        self.source = Source::Waiting(Instant::now() + self.backoff);
        self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
    }

    /// Stops listening: a legacy server is asked to tell no more of the resources.
    ///
    /// # Errors
    /// Says how the server failed.
    pub async fn close(mut self) -> Result<(), Error> {
        if self.session.agreed().is_legacy() {
            for uri in self.filter.resource_subscriptions.take().into_iter().flatten() {
                self.session.unsubscribe(&uri).await?;
            }
        }
        Ok(())
    }
}

/// Reads the one body that a server answers with instead of a stream.
fn read_refusal(id: &RequestId, body: &[u8]) -> Result<Source, Error> {
    match serde_json::from_slice::<Incoming<'_, ListenResult>>(body) {
        Ok(Incoming::Error { error, .. }) => Err(Error::Refused { method: Listen::NAME.to_owned(), error }),
        // An answer at once is a stream that ended at once: the server has nothing to tell.
        Ok(Incoming::Response { id: answered, .. }) if answered == *id => Ok(Source::Absent),
        Ok(_) => Err(Error::Malformed {
            method: Listen::NAME.to_owned(),
            reason: "expected a stream, found another message".to_owned(),
        }),
        Err(error) => Err(Error::Malformed { method: Listen::NAME.to_owned(), reason: error.to_string() }),
    }
}

async fn unreachable_hub() {
    std::future::pending::<()>().await;
}

impl Drop for EventStream {
    fn drop(&mut self) {
        let (Source::Open(_), Some((id, version))) = (&self.source, self.listening.take()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let session = self.session.clone();
        // Nobody is left to send the word to the server but a task of one message.
        drop(runtime.spawn(async move { session.send_cancelled(id, version).await }));
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EventStream").field("filter", &self.filter).finish_non_exhaustive()
    }
}
