//! One request and its answer: sent, read, and given up if need be.
//!
//! ```text
//!  request ─▶ deadline.run( attempt ─▶ transport.send ─▶ Body ──────────────▶ Incoming<T>
//!                │   ▲                                └▶ Stream ─▶ message ─▶ Incoming<T>
//!                │   │ session gone: one new handshake,               │
//!                │   └──────── then the request again                 ├ notification ─▶ progress, events, log
//!                └ dropped or timed out ─▶ the server is told         └ request ─▶ handler ─▶ response (legacy)
//! ```

use std::sync::Arc;

use bytes::Bytes;
use car_mcp_proto::mrtr::Retry;
use car_mcp_proto::rpc::{Batch, Incoming};
use car_mcp_proto::{ErrorObject, Members, RawJson, RequestId, meta, negotiate};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::asked::Whose;
use super::deadline::Deadline;
use super::encode::{Param, Params, encode_request};
use super::options::CallOptions;
use super::session::{Agreed, Inner, Session};
use crate::error::Error;
use crate::transport::{BoxMessages, Message, MessageKind, Reply, TransportError};

/// How many questions of one call are answered at the same time. A server that asks more waits: no person answers
/// this many, and a server that floods must not fill the memory.
const MAX_OPEN_QUESTIONS: usize = 16;

/// What is asked, in the caller's borrowed words.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'static str,
    /// The tool, prompt or URI.
    pub(crate) name: Option<&'a str>,
    pub(crate) params: &'a [(&'static str, Param<'a>)],
    pub(crate) retry: Option<&'a Retry>,
    pub(crate) headers: &'a [(String, String)],
    /// Whether to ask for progress, which keeps a long call alive.
    pub(crate) progress: bool,
}

impl<'a> Request<'a> {
    pub(crate) const fn new(method: &'static str, params: &'a [(&'static str, Param<'a>)]) -> Self {
        Self { method, name: None, params, retry: None, headers: &[], progress: false }
    }

    fn malformed(&self, reason: impl Into<String>) -> Error {
        Error::Malformed { method: self.method.to_owned(), reason: reason.into() }
    }
}

/// What is needed to read the messages that come back for one request.
pub(crate) struct Attempt<'a> {
    pub(crate) session: &'a Session,
    pub(crate) agreed: &'a Agreed,
    pub(crate) id: &'a RequestId,
    pub(crate) options: &'a CallOptions,
    pub(crate) deadline: &'a Deadline<'a>,
}

impl Session {
    /// Sends a request and reads its result as `T`.
    pub(crate) async fn request<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        options: &CallOptions,
    ) -> Result<T, Error> {
        let limits = &self.inner.limits;
        let deadline = Deadline::start(
            options.timeout.unwrap_or(limits.call_timeout),
            options.ceiling.unwrap_or(limits.call_ceiling),
        )
        .of_session(&self.inner.standing);
        deadline.run(request.method, self.request_before(request, options, &deadline)).await
    }

    /// Sends it a second time where the server has forgotten the session, or turns out to have changed its era.
    pub(crate) async fn request_before<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        options: &CallOptions,
        deadline: &Deadline<'_>,
    ) -> Result<T, Error> {
        let agreed = self.agreed();
        let error = match self.attempt(request, options, deadline, &agreed).await {
            Err(error) if starts_over(&error, &agreed) => error,
            outcome => return outcome,
        };
        tracing::debug!(peer = %self.inner.transport.peer(), %error, "the session is gone; making a new one");
        // Boxed, because it is rare: a future is as large as its largest branch, and every call moves it.
        Box::pin(self.handshake(agreed.generation)).await?;
        Box::pin(self.attempt(request, options, deadline, &self.agreed())).await
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        options: &CallOptions,
        deadline: &Deadline<'_>,
        agreed: &Agreed,
    ) -> Result<T, Error> {
        let id = self.inner.next_id();
        let body = self.encode_request(request, options, agreed, &id)?;
        let message = Message {
            kind: MessageKind::Request { id: &id, method: request.method, name: request.name },
            version: Some(agreed.version()),
            param_headers: request.headers,
            body,
        };
        let mut guard = CancelGuard::new(&self.inner, agreed, &id);
        let attempt = Attempt { session: self, agreed, id: &id, options, deadline };
        let outcome = match self.inner.transport.send(message).await {
            Ok(Reply::Body(body)) => attempt.read_body(request, &body).await,
            Ok(Reply::Stream(messages)) => attempt.read_stream(request, messages).await,
            Ok(Reply::Accepted) => Err(request.malformed("expected an answer, found none")),
            Err(error) => Err(error.into()),
        };
        // A wire that would wait no longer says nothing of the server, which may still be at work.
        if !matches!(outcome, Err(Error::Transport(TransportError::TimedOut { .. }))) {
            guard.disarm();
        }
        outcome
    }

    fn encode_request(
        &self,
        request: &Request<'_>,
        options: &CallOptions,
        agreed: &Agreed,
        id: &RequestId,
    ) -> Result<Bytes, Error> {
        let with_level;
        let caller_meta = match &options.log_level {
            Some(level) if !agreed.is_legacy() => {
                with_level = leveled(&options.meta, level.as_str());
                &with_level
            }
            _ => &options.meta,
        };
        let own_meta = match &options.handler {
            Some(handler) if !agreed.is_legacy() => {
                Some(self.modern_meta(agreed.version(), &handler.capabilities())?)
            }
            _ => None,
        };
        let params = Params {
            own: request.params,
            retry: request.retry,
            session_meta: own_meta.as_ref().unwrap_or(&agreed.request_meta),
            caller_meta,
            progress_token: request.progress.then_some(id),
        };
        encode_request(id, request.method, &params)
    }
}

fn leveled(meta: &Members, level: &str) -> Members {
    let mut meta = meta.clone();
    if let Ok(level) = RawJson::from_value(level) {
        meta.set(meta::LOG_LEVEL, level);
    }
    meta
}

/// Tells whether an error means that the handshake has to be made again.
fn starts_over(error: &Error, agreed: &Agreed) -> bool {
    match error {
        Error::Transport(TransportError::SessionExpired) => true,
        Error::Refused { error, .. } => agreed.is_legacy() && negotiate::is_modern_error(error),
        _ => false,
    }
}

impl<'a> Attempt<'a> {
    /// Returns whose a message is that came on the stream of this request.
    pub(crate) fn whose(&self) -> Whose<'a> {
        match self.session.inner.transport.tells_calls_apart() {
            true => Whose::Call(self.options, self.deadline),
            false => Whose::Unnamed,
        }
    }

    /// Reads a body: the answer, or a batch with the answer in it.
    async fn read_body<T: DeserializeOwned>(&self, request: &Request<'_>, body: &[u8]) -> Result<T, Error> {
        let text = utf8(request, body)?;
        match Batch::split(text).map_err(|error| request.malformed(error.to_string()))? {
            Batch::One(text) => {
                let answer = self.read_message(request, text)?;
                answer.ok_or_else(|| request.malformed("expected the answer, found another message"))
            }
            Batch::Many(messages) => {
                let mut answer = None;
                for message in messages {
                    match self.read_message(request, message.get())? {
                        Some(result) => answer = Some(result),
                        None => Box::pin(self.session.answer_request(self, message.get().to_owned())).await,
                    }
                }
                answer.ok_or_else(|| request.malformed("expected the answer in the batch, found none"))
            }
        }
    }

    /// Reads messages until the answer. Questions of a legacy server are answered on the way, side by side.
    async fn read_stream<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        mut messages: BoxMessages,
    ) -> Result<T, Error> {
        let mut questions = FuturesUnordered::new();
        loop {
            let message = tokio::select! {
                biased;
                Some(()) = questions.next(), if !questions.is_empty() => continue,
                message = messages.message(), if questions.len() < MAX_OPEN_QUESTIONS => message,
            };
            let Some(message) = message.transpose()? else {
                return Err(TransportError::Closed { source: None }.into());
            };
            let text = utf8(request, &message)?;
            let batch = match Batch::split(text).map_err(|error| request.malformed(error.to_string()))? {
                Batch::One(text) => vec![text],
                Batch::Many(messages) => messages.into_iter().map(RawValue::get).collect(),
            };
            for text in batch {
                match self.read_message(request, text)? {
                    Some(answer) => {
                        messages.finish();
                        return Ok(answer);
                    }
                    None if is_request(text) => {
                        questions.push(self.session.answer_request(self, text.to_owned()))
                    }
                    None => {}
                }
            }
        }
    }

    /// Reads one message; nothing if it is not the answer.
    fn read_message<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        text: &str,
    ) -> Result<Option<T>, Error> {
        let message: Incoming<'_, T> = match serde_json::from_str(text) {
            Ok(message) => message,
            // The late answer to another request has another shape, and is no concern of this one.
            Err(_) if self.is_of_another(text) => return Ok(None),
            Err(error) => return Err(request.malformed(error.to_string())),
        };
        match message {
            Incoming::Response { id, result } if id == *self.id => Ok(Some(result)),
            Incoming::Error { id, error } if id.as_ref().is_none_or(|id| id == self.id) => {
                Err(refused(request, error))
            }
            Incoming::Notification { method, params } => {
                self.session.handle_notification(Some(self), &method, params);
                Ok(None)
            }
            Incoming::Response { id, .. } => {
                tracing::debug!(%id, expected = %self.id, "an answer to another request");
                Ok(None)
            }
            Incoming::Error { .. } | Incoming::Request { .. } => Ok(None),
        }
    }

    fn is_of_another(&self, text: &str) -> bool {
        matches!(
            serde_json::from_str::<Incoming<'_, IgnoredAny>>(text),
            Ok(Incoming::Response { id, .. }) if id != *self.id
        )
    }
}

fn is_request(text: &str) -> bool {
    matches!(serde_json::from_str::<Incoming<'_, IgnoredAny>>(text), Ok(Incoming::Request { .. }))
}

fn refused(request: &Request<'_>, error: ErrorObject) -> Error {
    Error::Refused { method: request.method.to_owned(), error }
}

fn utf8<'a>(request: &Request<'_>, body: &'a [u8]) -> Result<&'a str, Error> {
    std::str::from_utf8(body).map_err(|error| request.malformed(format!("expected UTF-8 text: {error}")))
}

/// Tells the server that a request is not wanted any more, unless its answer came or closing says enough.
struct CancelGuard<'a> {
    armed: Option<(&'a Arc<Inner>, &'a Agreed, &'a RequestId)>,
}

impl<'a> CancelGuard<'a> {
    fn new(inner: &'a Arc<Inner>, agreed: &'a Agreed, id: &'a RequestId) -> Self {
        let needed = agreed.is_legacy() || !inner.transport.closing_cancels();
        Self { armed: needed.then_some((inner, agreed, id)) }
    }

    fn disarm(&mut self) {
        self.armed = None;
    }
}

impl Drop for CancelGuard<'_> {
    fn drop(&mut self) {
        let Some((inner, agreed, id)) = self.armed else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let session = Session { inner: Arc::clone(inner), listener: None };
        let (version, id) = (agreed.version(), id.clone());
        // The call's own task is gone, so the word to the server needs one: it sends one message and ends.
        drop(runtime.spawn(async move { session.send_cancelled(id, version).await }));
    }
}
