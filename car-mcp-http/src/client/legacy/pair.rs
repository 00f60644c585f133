//! The HTTP+SSE pair of 2024-11-05: one long GET on which everything comes, and a URL to POST to.
//!
//! ```text
//!  GET url ─▶ event "endpoint": where to POST
//!         └─▶ event "message":  answers ─▶ the request that waits for them; the rest ─▶ whoever listens
//! ```
//!
//! All answers share the one stream, so a task has to read it and hand them out. It lives as long as the pair.
//!
//! Source: specification 2024-11-05, "Transports", section "HTTP with SSE".

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use car_http::{Method, StatusCode, Target};
use car_mcp::transport::{BoxMessages, Message, MessageKind, Messages, Reply, TransportError};
use car_mcp_proto::RequestId;
use car_mcp_proto::progress::ProgressParams;
use car_mcp_proto::rpc::Incoming;
use serde::de::IgnoredAny;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::session::SESSION_ID;
use crate::client::errors::transport_error;
use crate::client::exchange::{MediaType, media_type};
use crate::client::messages::SseMessages;
use crate::client::transport::HttpTransport;

/// How many messages may wait for one reader. One that does not read must not hold up the others, so what comes after
/// that is dropped for a call, which loses progress but never its answer, and ends the stream of a listener, which
/// opens it again and knows that it missed something.
const WAITING_MESSAGES: usize = 64;

/// Both halves.
pub(crate) struct Pair {
    endpoint: Target,
    routes: Arc<Routes>,
    reader: tokio::task::JoinHandle<()>,
}

/// Who waits for what.
#[derive(Default)]
struct Routes(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: HashMap<RequestId, Caller>,
    listener: Option<mpsc::Sender<Bytes>>,
    /// Nothing more will come.
    ended: bool,
}

/// The two ways to a call that waits.
struct Caller {
    answer: Option<oneshot::Sender<Bytes>>,
    notes: mpsc::Sender<Bytes>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.reader.abort();
        // Calls that still wait on this pair learn that no answer will come.
        self.routes.close();
    }
}

impl HttpTransport {
    /// Speaks 2024-11-05 where a server refuses `initialize` by POST and offers an endpoint by GET; else the refusal
    /// stands.
    pub(crate) async fn try_pair(
        &self,
        message: &Message<'_>,
        refusal: TransportError,
    ) -> Result<Reply, TransportError> {
        let refused = matches!(refusal, TransportError::Status { status: 400 | 404 | 405, .. });
        let initialize = matches!(message.kind, MessageKind::Request { method: "initialize", .. });
        if !(refused && initialize && self.allow_pair) {
            return Err(refusal);
        }
        let Some(pair) = self.open_pair().await? else { return Err(refusal) };
        let pair = Arc::new(pair);
        {
            let mut legacy = self.legacy.write().expect("nothing panics while it holds the session");
            legacy.session = None;
            legacy.pair = Some(Arc::clone(&pair));
        }
        self.send_to_pair(&pair, message).await
    }

    async fn open_pair(&self) -> Result<Option<Pair>, TransportError> {
        let mut headers = self.stream_headers(None, None);
        // The pair is a session of its own.
        headers.remove(SESSION_ID);
        let response = self.send_authorized(Method::GET, &self.target, headers, Bytes::new()).await?;
        if response.status() != StatusCode::OK || media_type(response.headers()) != MediaType::EventStream {
            return Ok(None);
        }
        let mut messages = SseMessages::new(response.into_body(), self.max_body_bytes);
        let first = std::future::poll_fn(|context| messages.poll_event(context)).await;
        let Some((kind, data)) = first.transpose()? else { return Ok(None) };
        if kind != "endpoint" {
            return Ok(None);
        }
        let endpoint = self.checked_endpoint(&data)?;
        let routes = Arc::new(Routes::default());
        #[expect(
            clippy::disallowed_methods,
            reason = "one long stream carries all answers; somebody has to read it"
        )]
        let reader = tokio::spawn(read(messages, Arc::clone(&routes)));
        Ok(Some(Pair { endpoint, routes, reader }))
    }

    /// The endpoint gets our credentials, so it must be on the origin that they are meant for.
    fn checked_endpoint(&self, data: &[u8]) -> Result<Target, TransportError> {
        let text = String::from_utf8_lossy(data);
        let endpoint = self.target.join(text.trim()).map_err(transport_error)?;
        match endpoint.origin() == self.target.origin() {
            true => Ok(endpoint),
            false => Err(TransportError::Redirected {
                to: endpoint.origin().to_string(),
                why: "the endpoint of an event stream must be on the stream's own origin".to_owned(),
            }),
        }
    }

    pub(crate) async fn send_to_pair(
        &self,
        pair: &Pair,
        message: &Message<'_>,
    ) -> Result<Reply, TransportError> {
        let answer = match message.kind {
            MessageKind::Request { id, .. } => {
                // The stream is gone, and with it the session; nothing has been sent yet.
                Some(pair.routes.expect_answer(id).ok_or(TransportError::SessionExpired)?)
            }
            _ => None,
        };
        let (headers, body) = (self.base.clone(), message.body.clone());
        let response = self.send_authorized(Method::POST, &pair.endpoint, headers, body).await?;
        match response.status() {
            status if status.is_success() => {
                Ok(answer.map_or(Reply::Accepted, |answer| Reply::Stream(Box::new(answer))))
            }
            status => self.read_failure(status, response, true).await,
        }
    }
}

impl Pair {
    /// Returns the messages that belong to no request. The last one to ask gets them.
    pub(crate) fn events(&self) -> BoxMessages {
        let (sender, receiver) = mpsc::channel(WAITING_MESSAGES);
        let mut waiting = self.routes.lock();
        waiting.listener = (!waiting.ended).then_some(sender);
        Box::new(Listening(receiver))
    }
}

impl Routes {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("nothing panics while it holds the routes")
    }

    /// Returns where the answer will come; nothing if none will come any more.
    fn expect_answer(self: &Arc<Self>, id: &RequestId) -> Option<Answering> {
        let (answer, answered) = oneshot::channel();
        let (notes, noted) = mpsc::channel(WAITING_MESSAGES);
        let mut waiting = self.lock();
        if waiting.ended {
            return None;
        }
        waiting.requests.insert(id.clone(), Caller { answer: Some(answer), notes });
        Some(Answering { notes: noted, answer: Some(answered), routes: Arc::clone(self), id: id.clone() })
    }

    fn close(&self) {
        let mut waiting = self.lock();
        waiting.ended = true;
        waiting.requests.clear();
        waiting.listener = None;
    }
}

impl Waiting {
    /// Hands a message to whom it concerns: the request that it answers or tells of, else the listener, else any
    /// request.
    fn deliver(&mut self, text: Bytes) {
        let caller = match serde_json::from_slice::<Incoming<'_, IgnoredAny>>(&text) {
            Ok(Incoming::Response { id, .. } | Incoming::Error { id: Some(id), .. }) => {
                return answer(self.requests.get_mut(&id), text);
            }
            // With several requests under way nobody can tell whose it is; to fail one of them would be a guess.
            Ok(Incoming::Error { id: None, .. }) if self.requests.len() == 1 => {
                return answer(self.requests.values_mut().next(), text);
            }
            Ok(Incoming::Error { id: None, .. }) => return tracing::debug!("an error that names no request"),
            Ok(Incoming::Notification { method, params }) if method == "notifications/progress" => params
                .and_then(|params| serde_json::from_str::<ProgressParams>(params.get()).ok())
                .and_then(|progress| self.requests.get(&progress.progress_token)),
            Ok(_) => None,
            Err(error) => return tracing::debug!(%error, "a message could not be read"),
        };
        if let Some(caller) = caller {
            drop(caller.notes.try_send(text));
        } else if let Err(text) = self.tell_listener(text)
            && let Some(caller) = self.requests.values().next()
        {
            drop(caller.notes.try_send(text));
        }
    }

    /// Gives the message back if nobody listens.
    fn tell_listener(&mut self, text: Bytes) -> Result<(), Bytes> {
        let Some(listener) = &self.listener else { return Err(text) };
        match listener.try_send(text) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                self.listener = None;
                Ok(())
            }
            Err(TrySendError::Closed(text)) => {
                self.listener = None;
                Err(text)
            }
        }
    }
}

fn answer(caller: Option<&mut Caller>, text: Bytes) {
    if let Some(answer) = caller.and_then(|caller| caller.answer.take()) {
        // An error says that nobody waits any more, which is what a cancelled call looks like.
        drop(answer.send(text));
    }
}

/// Reads the stream to its end and hands out what comes.
async fn read(mut messages: SseMessages, routes: Arc<Routes>) {
    loop {
        match std::future::poll_fn(|context| messages.poll_message(context)).await {
            Some(Ok(text)) => routes.lock().deliver(text),
            Some(Err(error)) => {
                tracing::debug!(%error, "the event stream broke");
                break;
            }
            None => break,
        }
    }
    // Whoever still waits learns that nothing more will come.
    routes.close();
}

/// What comes for one call: notes, and then the answer.
struct Answering {
    notes: mpsc::Receiver<Bytes>,
    answer: Option<oneshot::Receiver<Bytes>>,
    routes: Arc<Routes>,
    id: RequestId,
}

impl Messages for Answering {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if let Poll::Ready(Some(note)) = self.notes.poll_recv(context) {
            return Poll::Ready(Some(Ok(note)));
        }
        let Some(answer) = &mut self.answer else { return Poll::Ready(None) };
        let answered = ready!(Pin::new(answer).poll(context));
        self.answer = None;
        Poll::Ready(answered.ok().map(Ok))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.routes.lock().requests.remove(&self.id);
    }
}

/// What comes for nobody in particular.
struct Listening(mpsc::Receiver<Bytes>);

impl Messages for Listening {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.0.poll_recv(context).map(|message| message.map(Ok))
    }
}
