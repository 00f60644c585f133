//! Answers a modern request: one JSON body where the answer is there at once, else a stream that owns the request.
//!
//! ```text
//!  first look at the exchange ─▶ Answer             ─▶ JSON, with the status that its error has
//!                             ─▶ Message            ─▶ stream
//!                             ─▶ nothing for a while ─▶ stream, with a comment first, so that proxies keep it
//! ```
//!
//! The exchange is polled where its answer is written. Dropping the future, or the stream that it became, cancels it.
//!
//! Source: specification 2026-07-28, "Streamable HTTP", sections "Sending messages" and "Cancellation".

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use car_mcp::proto::RequestId;
use car_mcp::proto::rpc::INTERNAL_ERROR;
use car_mcp::server::{Answer, Exchange, Step};
use http::{Response, StatusCode};
use tokio::time::Sleep;

use super::body::{EventSource, ResponseBody};
use super::events::{KeepAlive, MESSAGE, comment, encode_event, event_stream};
use super::media::Accepts;
use super::refusal::{empty, error, json};
use super::status;

/// How a request is to be answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// What the client takes.
    pub accepts: Accepts,
    /// Whether a stream is begun without waiting for something to put on it.
    pub streams_at_once: bool,
    /// The longest silence on a stream.
    pub keep_alive: Duration,
    /// How long the request may take in all.
    pub timeout: Option<Duration>,
}

/// Answers a request.
///
/// # Cancel safety
/// Dropping the future, or the body of the response, cancels the request.
pub(super) fn answer(
    exchange: Exchange,
    id: RequestId,
    plan: Plan,
) -> impl Future<Output = Response<ResponseBody>> {
    let mut pending = Pending { running: Some(Running { exchange, deadline: None, id }), patience: None };
    std::future::poll_fn(move |context| pending.poll(context, plan))
}

/// A request under way, with the time that it has.
struct Running {
    exchange: Exchange,
    deadline: Option<Pin<Box<Sleep>>>,
    id: RequestId,
}

impl Running {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        if let Poll::Ready(step) = self.exchange.poll_step(context) {
            return Poll::Ready(step);
        }
        let is_late =
            self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready());
        match is_late {
            true => {
                let error = error(INTERNAL_ERROR, "the request took longer than this server allows");
                Poll::Ready(Some(Step::Answer(Answer::error(Some(&self.id), &error))))
            }
            false => Poll::Pending,
        }
    }
}

/// A request of which it is not known yet how it will be answered.
struct Pending {
    running: Option<Running>,
    /// Goes off when a client should see something.
    patience: Option<Pin<Box<Sleep>>>,
}

impl Pending {
    fn poll(&mut self, context: &mut Context<'_>, plan: Plan) -> Poll<Response<ResponseBody>> {
        loop {
            let running = self.running.as_mut().expect("a future is not polled once it is ready");
            return match running.poll(context) {
                Poll::Ready(Some(Step::Answer(answer))) => Poll::Ready(whole(answer, plan)),
                Poll::Ready(Some(Step::Message(message))) if plan.accepts.events => {
                    Poll::Ready(self.stream(encode_event(None, Some(MESSAGE), &message), plan))
                }
                // A client that takes no stream is told the answer and nothing else.
                Poll::Ready(Some(_)) => continue,
                Poll::Ready(None) => Poll::Ready(empty(StatusCode::ACCEPTED)),
                Poll::Pending => self.poll_patience(context, plan),
            };
        }
    }

    /// Decides what becomes of a request that has nothing to say yet. Timers are made here, so that a request that is
    /// answered at once has none.
    fn poll_patience(&mut self, context: &mut Context<'_>, plan: Plan) -> Poll<Response<ResponseBody>> {
        if let (Some(timeout), Some(running)) = (plan.timeout, &mut self.running)
            && running.deadline.is_none()
        {
            running.deadline = Some(Box::pin(tokio::time::sleep(timeout)));
            context.waker().wake_by_ref();
        }
        if !plan.accepts.events {
            return Poll::Pending;
        }
        if !plan.streams_at_once {
            let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(plan.keep_alive)));
            if patience.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.stream(comment(), plan))
    }

    /// Turns the request into a stream.
    fn stream(&mut self, first: Bytes, plan: Plan) -> Response<ResponseBody> {
        let running = self.running.take().expect("a stream is begun once");
        let source = Messages { first: Some(first), running: Some(running) };
        event_stream(KeepAlive::new(source, plan.keep_alive))
    }
}

/// Returns an answer that came before anything else was said.
fn whole(answer: Answer, plan: Plan) -> Response<ResponseBody> {
    let status = status::of_answer(answer.error);
    if status == StatusCode::OK && plan.accepts.events && (plan.streams_at_once || !plan.accepts.json) {
        return event_stream(One(Some(encode_event(None, Some(MESSAGE), &answer.body))));
    }
    json(status, answer.body)
}

/// A stream of one event.
struct One(Option<Bytes>);

impl EventSource for One {
    fn poll_event(&mut self, _: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Poll::Ready(self.0.take())
    }
}

/// The stream of one request.
struct Messages {
    first: Option<Bytes>,
    /// Nothing once it has been answered.
    running: Option<Running>,
}

impl EventSource for Messages {
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        loop {
            let Some(running) = &mut self.running else { return Poll::Ready(None) };
            let message = match running.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Step::Message(message))) => message,
                Poll::Ready(Some(Step::Pause)) => continue,
                Poll::Ready(Some(Step::Answer(answer))) => {
                    self.running = None;
                    answer.body
                }
                Poll::Ready(None) => {
                    self.running = None;
                    return Poll::Ready(None);
                }
            };
            return Poll::Ready(Some(encode_event(None, Some(MESSAGE), &message)));
        }
    }
}
