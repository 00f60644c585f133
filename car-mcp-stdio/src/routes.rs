//! Who waits for what on the one stream that carries everything.
//!
//! ```text
//!  answer, error ─────────────▶ the request with this id; nobody if it was given up
//!  progress ──────────────────▶ the request with this token
//!  with a subscription id ────▶ the listen with this id
//!  cancelled ─────────────────▶ ends the listen with this id
//!  everything else ───────────▶ a listener of the legacy era, else any request
//! ```

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use car_mcp::transport::{BoxMessages, Messages, TransportError};
use car_mcp_proto::progress::{CancelledParams, ProgressParams};
use car_mcp_proto::rpc::{Batch, Incoming};
use car_mcp_proto::{RequestId, meta};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;

use crate::error::ServerExited;

/// How many messages may wait for one reader. One that does not read must not hold up the others, so what comes after
/// that is dropped for a call, which loses progress but never its answer, and ends the stream of a listener, which
/// opens it again and knows that it missed something.
const WAITING_MESSAGES: usize = 64;

/// What a request is, for those who route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// For its answer.
    Call,
    /// For messages until it ends.
    Listen,
    /// To be let in.
    Handshake,
    /// To learn the server's era: an end is an answer too.
    Probe,
}

/// The requests of one run of a server.
#[derive(Default)]
pub(crate) struct Routes(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    requests: HashMap<RequestId, Caller>,
    /// The first that is there gets what concerns no request; the others stand by, so that two listeners of one
    /// session neither answer a question twice nor take the stream from each other.
    listeners: Vec<mpsc::Sender<Bytes>>,
    /// Set when nothing more will come.
    ended: Option<ServerExited>,
    /// Whether a call was answered.
    useful: bool,
    /// Whether the server was asked for its era.
    probed: bool,
    /// Whether the run ended on that, or on the handshake after it.
    refused_probe: bool,
}

/// A line that reached nobody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// It is no message.
    Noise(Bytes),
    /// It is one, and nobody reads at the moment.
    Nobody(Bytes),
}

/// The two ways to a request that waits.
struct Caller {
    answer: Option<oneshot::Sender<Result<Bytes, TransportError>>>,
    notes: mpsc::Sender<Bytes>,
    waits: Waits,
}

impl Routes {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("nothing panics while it holds the routes")
    }

    /// Returns where the answer will come; the way the server ended if none will.
    pub(crate) fn expect_answer(
        self: &Arc<Self>,
        id: &RequestId,
        waits: Waits,
    ) -> Result<Answering, ServerExited> {
        let (answer, answered) = oneshot::channel();
        let (notes, noted) = mpsc::channel(WAITING_MESSAGES);
        let mut waiting = self.lock();
        if let Some(exited) = &waiting.ended {
            return Err(exited.clone());
        }
        waiting.probed |= waits == Waits::Probe;
        waiting.requests.insert(id.clone(), Caller { answer: Some(answer), notes, waits });
        let routes = Arc::clone(self);
        let id = id.clone();
        Ok(Answering { first: None, notes: noted, answer: Some(answered), give_up: None, routes, id, waits })
    }

    /// Returns the messages that belong to no request. The first one to ask gets them, while it is there.
    pub(crate) fn events(&self) -> BoxMessages {
        let (sender, receiver) = mpsc::channel(WAITING_MESSAGES);
        let mut waiting = self.lock();
        waiting.listeners.retain(|listener| !listener.is_closed());
        if waiting.ended.is_none() {
            waiting.listeners.push(sender);
        }
        Box::new(Listening(receiver))
    }

    /// Takes a line. Gives it back if it is no message, or if nobody is there to read it.
    pub(crate) fn deliver(&self, line: Bytes) -> Result<(), Undelivered> {
        let Ok(text) = std::str::from_utf8(&line) else { return Err(Undelivered::Noise(line)) };
        match Batch::split(text) {
            Ok(Batch::One(_)) => self.lock().deliver(line),
            Ok(Batch::Many(messages)) if !messages.is_empty() => {
                let mut waiting = self.lock();
                let one = |message: &RawValue| Bytes::copy_from_slice(message.get().as_bytes());
                // Every message of a batch stands for itself, so one that is wrong costs only itself.
                let wrong =
                    messages.into_iter().filter_map(|message| waiting.deliver(one(message)).err()).last();
                wrong.map_or(Ok(()), Err)
            }
            _ => Err(Undelivered::Noise(line)),
        }
    }

    /// Fails one request. Tells whether somebody waited for it.
    pub(crate) fn fail(&self, id: &RequestId, error: TransportError) -> bool {
        let answer = self.lock().requests.get_mut(id).and_then(|caller| caller.answer.take());
        answer.is_some_and(|answer| answer.send(Err(error)).is_ok())
    }

    /// Tells everybody that nothing more will come.
    pub(crate) fn end(&self, exited: ServerExited) {
        let mut waiting = self.lock();
        if waiting.ended.is_none() {
            let meets = |caller: &Caller| matches!(caller.waits, Waits::Probe | Waits::Handshake);
            waiting.refused_probe = waiting.probed && waiting.requests.values().any(meets);
            waiting.ended = Some(exited);
            waiting.requests.clear();
            waiting.listeners.clear();
        }
    }

    pub(crate) fn ended(&self) -> Option<ServerExited> {
        self.lock().ended.clone()
    }

    /// Tells whether the server was asked for its era.
    pub(crate) fn probed(&self) -> bool {
        self.lock().probed
    }

    /// Tells whether a call was answered, and whether the run ended on the probe or on the handshake after it.
    pub(crate) fn record(&self) -> (bool, bool) {
        let waiting = self.lock();
        (waiting.useful, waiting.refused_probe)
    }
}

/// What is read of the parameters of a notification to find its reader.
#[derive(Deserialize)]
struct Marked<'a> {
    #[serde(rename = "_meta", borrow, default)]
    meta: Option<HashMap<&'a str, &'a RawValue>>,
}

impl Waiting {
    fn deliver(&mut self, text: Bytes) -> Result<(), Undelivered> {
        let id = match serde_json::from_slice::<Incoming<'_, IgnoredAny>>(&text) {
            Ok(Incoming::Response { id, .. } | Incoming::Error { id: Some(id), .. }) => {
                self.answer(&id, text);
                return Ok(());
            }
            // With several requests under way nobody can tell whose it is; to fail one of them would be a guess.
            Ok(Incoming::Error { id: None, .. }) => {
                if let (1, Some(id)) = (self.requests.len(), self.requests.keys().next().cloned()) {
                    self.answer(&id, text);
                }
                return Ok(());
            }
            Ok(Incoming::Notification { method, params }) => match concerned(&method, params) {
                Concerned::Ends(id) => {
                    self.end_listen(&id);
                    return Ok(());
                }
                Concerned::Request(id) => Some(id),
                Concerned::Nobody => None,
            },
            Ok(_) => None,
            Err(_) => return Err(Undelivered::Noise(text)),
        };
        match id {
            Some(id) if self.requests.contains_key(&id) => {
                self.note(&id, text);
                Ok(())
            }
            _ => self.tell_anyone(text).map_err(Undelivered::Nobody),
        }
    }

    fn answer(&mut self, id: &RequestId, text: Bytes) {
        let Some(caller) = self.requests.get_mut(id) else {
            return tracing::debug!(%id, "an answer that nobody waits for");
        };
        self.useful |= caller.waits == Waits::Call;
        if let Some(answer) = caller.answer.take() {
            // An error says that nobody waits any more, which is what a cancelled call looks like.
            drop(answer.send(Ok(text)));
        }
    }

    fn note(&mut self, id: &RequestId, text: Bytes) {
        let Some(caller) = self.requests.get(id) else { return };
        let full = matches!(caller.notes.try_send(text), Err(TrySendError::Full(_)));
        if full && caller.waits == Waits::Listen {
            self.requests.remove(id);
        }
    }

    /// The server ends a stream in good order by cancelling the request for it.
    fn end_listen(&mut self, id: &RequestId) {
        if self.requests.get(id).is_some_and(|caller| caller.waits == Waits::Listen) {
            self.requests.remove(id);
        }
    }

    fn tell_anyone(&mut self, mut text: Bytes) -> Result<(), Bytes> {
        while let Some(listener) = self.listeners.first() {
            text = match listener.try_send(text) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(text) | TrySendError::Closed(text)) => text,
            };
            self.listeners.remove(0);
        }
        // One that has its answer reads no more.
        let mut reading = self.requests.iter().filter(|(_, caller)| caller.answer.is_some());
        let Some(id) = reading.next().map(|(id, _)| id.clone()) else { return Err(text) };
        self.note(&id, text);
        Ok(())
    }
}

/// Whom a notification concerns.
enum Concerned {
    Request(RequestId),
    Ends(RequestId),
    Nobody,
}

fn concerned(method: &str, params: Option<&RawValue>) -> Concerned {
    let Some(params) = params.map(RawValue::get) else { return Concerned::Nobody };
    match method {
        "notifications/progress" => serde_json::from_str::<ProgressParams>(params)
            .map_or(Concerned::Nobody, |progress| Concerned::Request(progress.progress_token)),
        "notifications/cancelled" => serde_json::from_str::<CancelledParams>(params)
            .ok()
            .and_then(|cancelled| cancelled.request_id)
            .map_or(Concerned::Nobody, Concerned::Ends),
        _ => serde_json::from_str::<Marked<'_>>(params)
            .ok()
            .and_then(|marked| serde_json::from_str(marked.meta?.get(meta::SUBSCRIPTION_ID)?.get()).ok())
            .map_or(Concerned::Nobody, Concerned::Request),
    }
}

/// What comes for one request: notes, and then the answer.
pub(crate) struct Answering {
    first: Option<Bytes>,
    notes: mpsc::Receiver<Bytes>,
    answer: Option<oneshot::Receiver<Result<Bytes, TransportError>>>,
    /// When silence is an answer too.
    give_up: Option<Pin<Box<Sleep>>>,
    routes: Arc<Routes>,
    id: RequestId,
    waits: Waits,
}

impl Answering {
    /// Ends the stream after this time without an answer.
    pub(crate) fn give_up_after(mut self, time: std::time::Duration) -> Self {
        self.give_up = Some(Box::pin(tokio::time::sleep(time)));
        self
    }

    /// Waits for the first message and keeps it. Returns how the server ended if none will come.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn peek(&mut self) -> Result<(), TransportError> {
        if self.first.is_none() {
            let message = std::future::poll_fn(|context| self.poll_message(context)).await;
            self.first = message.transpose()?;
        }
        Ok(())
    }
}

impl Messages for Answering {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        if let Poll::Ready(Some(note)) = self.notes.poll_recv(context) {
            return Poll::Ready(Some(Ok(note)));
        }
        let Some(answer) = &mut self.answer else { return Poll::Ready(None) };
        if let Poll::Ready(answered) = Pin::new(answer).poll(context) {
            self.answer = None;
            return Poll::Ready(match answered {
                Ok(answer) => Some(answer),
                Err(_) => self.end(),
            });
        }
        if let Some(give_up) = &mut self.give_up {
            ready!(give_up.as_mut().poll(context));
            self.answer = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

impl Answering {
    /// What the end of the server means to this request.
    fn end(&self) -> Option<Result<Bytes, TransportError>> {
        let exited = self.routes.ended().filter(|_| self.waits != Waits::Probe)?;
        Some(Err(TransportError::Closed { source: Some(Box::new(exited)) }))
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

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
