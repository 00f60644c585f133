//! What comes for one request, as the session reads it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use car_mcp::transport::{Messages, TransportError};
use car_mcp_proto::RequestId;
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::inbox::{Inbox, Next};
use crate::routes::{Routes, Waits};

/// What comes for one request: notes, and then the answer.
pub(crate) struct Answering {
    inbox: Arc<Inbox>,
    /// Whether the answer was read, or is waited for no more.
    over: bool,
    /// When silence is an answer too.
    give_up: Option<Pin<Box<Sleep>>>,
    routes: Arc<Routes>,
    id: RequestId,
    waits: Waits,
    /// The first message, where somebody has looked at it.
    first: Option<Bytes>,
}

impl Answering {
    pub(crate) fn new(inbox: Arc<Inbox>, routes: Arc<Routes>, id: RequestId, waits: Waits) -> Self {
        Self { inbox, over: false, give_up: None, routes, id, waits, first: None }
    }

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
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(next) = self.inbox.poll_next(context) {
            self.over = !matches!(next, Next::Note(_));
            return Poll::Ready(match next {
                Next::Note(note) => Some(Ok(note)),
                Next::Answer(answer) => Some(answer),
                Next::Nothing => self.end(),
            });
        }
        if let Some(give_up) = &mut self.give_up {
            ready!(give_up.as_mut().poll(context));
            self.over = true;
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
        self.routes.forget(&self.id);
    }
}

/// What comes for nobody in particular.
pub(crate) struct Listening(pub(crate) mpsc::Receiver<Bytes>);

impl Messages for Listening {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        self.0.poll_recv(context).map(|message| message.map(Ok))
    }
}
