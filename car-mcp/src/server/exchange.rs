//! One request under way: a future that is polled by whoever writes to the wire, and what it says before its answer.
//!
//! ```text
//!  Exchange::poll_step ─▶ Message  progress, log, acknowledgement, legacy question     (any number)
//!                     └─▶ Pause    the handler lets the client go until it comes back (legacy, resumable streams)
//!                     └─▶ Answer   the response; nothing comes after it
//!                     └─▶ None     cancelled by the client: no response is sent (legacy, stdio)
//! ```
//!
//! The exchange owns the handler's future: dropping it cancels the request. Nothing is spawned for it. What the handler
//! says waits in a short queue, and the handler waits where the queue is full, so that a slow reader slows the
//! handler and costs no memory.

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use car_mcp_proto::rpc::Outgoing;
use car_mcp_proto::{ErrorObject, RequestId};

use super::outlet::{Outlet, Said};
use crate::transport::BoxFuture;

/// What comes next of a request.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a transport must deal with each")]
pub enum Step {
    /// A message that belongs to the request.
    Message(Bytes),
    /// The client may be let go: a transport whose clients come back for the rest closes the connection now. Any other
    /// goes on as if nothing had been said.
    Pause,
    /// The response. Nothing comes after it.
    Answer(Answer),
}

/// A response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The JSON text.
    pub body: Bytes,
    /// The code, where it is an error; a transport with statuses makes one of it.
    pub error: Option<i64>,
}

impl Answer {
    /// Returns an error response; without an id where the request's own could not be read.
    pub fn error(id: Option<&RequestId>, error: &ErrorObject) -> Self {
        let outgoing: Outgoing<'_, ()> = Outgoing::Error { id, error };
        let body = serde_json::to_vec(&outgoing).expect("an error object can be written");
        Self { body: Bytes::from(body), error: Some(error.code) }
    }
}

impl From<Said> for Step {
    fn from(said: Said) -> Self {
        match said {
            Said::Message(message) => Self::Message(message),
            Said::Pause => Self::Pause,
        }
    }
}

/// The future of a request.
enum Work {
    Answers(BoxFuture<'static, Answer>),
    /// It may be taken back, and gives nothing then.
    MayEnd(BoxFuture<'static, Option<Answer>>),
}

impl Work {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        match self {
            Self::Answers(future) => future.as_mut().poll(context).map(Some),
            Self::MayEnd(future) => future.as_mut().poll(context),
        }
    }
}

/// One request under way.
///
/// # Cancel safety
/// Dropping it drops the handler's future: that is how a request is cancelled.
pub struct Exchange {
    /// Gives the response, or nothing where the client took the request back.
    future: Option<Work>,
    outlet: Outlet,
    answer: Option<Answer>,
}

impl Exchange {
    /// Returns an exchange whose future says what it has to say through `outlet`.
    pub(crate) fn new(future: BoxFuture<'static, Option<Answer>>, outlet: Outlet) -> Self {
        Self { future: Some(Work::MayEnd(future)), outlet, answer: None }
    }

    /// As [`Exchange::new`], for a request that cannot be taken back.
    pub(crate) fn of_work(future: BoxFuture<'static, Answer>, outlet: Outlet) -> Self {
        Self { future: Some(Work::Answers(future)), outlet, answer: None }
    }

    /// Returns an exchange that is over: the request was answered at once.
    pub fn answered(answer: Answer) -> Self {
        Self { future: None, outlet: Outlet::new(), answer: Some(answer) }
    }

    /// Polls for what comes next. What the handler has said comes before its answer.
    ///
    /// # Cancel safety
    /// A step is either returned or still to come.
    pub fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        loop {
            if let Some(said) = self.outlet.take_message() {
                return Poll::Ready(Some(said.into()));
            }
            let Some(future) = &mut self.future else {
                return Poll::Ready(self.answer.take().map(Step::Answer));
            };
            match future.poll(context) {
                Poll::Ready(answer) => {
                    self.future = None;
                    self.answer = answer;
                }
                // It may have said something since the queue was looked at. To be woken is asked for only here: most
                // requests are answered at once.
                Poll::Pending => return self.outlet.poll_message(context).map(|said| Some(said.into())),
            }
        }
    }

    /// Waits for what comes next.
    pub async fn step(&mut self) -> Option<Step> {
        std::future::poll_fn(|context| self.poll_step(context)).await
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Exchange").field("is_running", &self.future.is_some()).finish_non_exhaustive()
    }
}
