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
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use car_mcp::transport::{BoxMessages, TransportError};
use car_mcp_proto::progress::{CancelledParams, ProgressParams};
use car_mcp_proto::rpc::{Batch, Incoming};
use car_mcp_proto::{RequestId, meta};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::answering::{Answering, Listening};
use crate::error::ServerExited;
use crate::inbox::Inbox;

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

/// A request that waits.
struct Caller {
    inbox: Arc<Inbox>,
    answered: bool,
    waits: Waits,
}

impl Caller {
    /// Hands out the answer. Tells whether it is the first one.
    fn answer(&mut self, answer: Result<Bytes, TransportError>) -> bool {
        let is_first = !std::mem::replace(&mut self.answered, true);
        if is_first {
            self.inbox.answer(answer);
        }
        is_first
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.inbox.close();
    }
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
        let inbox = Arc::<Inbox>::default();
        let mut waiting = self.lock();
        if let Some(exited) = &waiting.ended {
            return Err(exited.clone());
        }
        waiting.probed |= waits == Waits::Probe;
        waiting.requests.insert(id.clone(), Caller { inbox: Arc::clone(&inbox), answered: false, waits });
        Ok(Answering::new(inbox, Arc::clone(self), id.clone(), waits))
    }

    /// Lets go of a request whose caller reads no more.
    pub(crate) fn forget(&self, id: &RequestId) {
        self.lock().requests.remove(id);
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

    /// Answers one request with what could not be handed out as a message. Tells whether somebody waited for it.
    pub(crate) fn settle(&self, id: &RequestId, answer: Result<Bytes, TransportError>) -> bool {
        self.lock().requests.get_mut(id).is_some_and(|caller| caller.answer(answer))
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
        caller.answer(Ok(text));
    }

    fn note(&mut self, id: &RequestId, text: Bytes) {
        let Some(caller) = self.requests.get(id) else { return };
        if !caller.inbox.add_note(text, WAITING_MESSAGES) && caller.waits == Waits::Listen {
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
        let mut reading = self.requests.iter().filter(|(_, caller)| !caller.answered);
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

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
