//! How a request is answered: one JSON body where everything is there before anything else is said, else a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use car_mcp::server::Step;
use http::{Response, StatusCode};
use tokio::time::{Instant, Sleep};

use super::driver::Driver;
use super::id::EventId;
use super::reader::{Once, Reader};
use super::session::Session;
use super::{Sessions, batch};
use crate::server::body::ResponseBody;
use crate::server::events::{KeepAlive, comment, encode_event, event_stream};
use crate::server::media::Accepts;
use crate::server::refusal::{empty, json};

/// What is known of requests when something has to be answered.
enum FirstWord {
    /// All that there is to say has been said.
    Over,
    /// Something comes before the answer.
    Message(Bytes),
    /// The client may be let go.
    Pause,
    /// Nothing was said for so long that the client should see something.
    Silence,
}

impl Sessions {
    /// Answers requests under way. Errors are answers like any other: the status of a legacy request says how it was
    /// delivered.
    ///
    /// # Cancel safety
    /// Dropping the future, or the body of the response, lets the requests go on.
    pub(super) async fn answer(
        &self,
        mut driver: Driver,
        accepts: Accepts,
        is_batch: bool,
    ) -> Response<ResponseBody> {
        let mut answers = Vec::new();
        let first = match self.shared.streams_at_once && accepts.events {
            true => FirstWord::Silence,
            false => first_word(&mut driver, accepts, self.shared.keep_alive, &mut answers).await,
        };
        let is_over = matches!(first, FirstWord::Over);
        if is_over && answers.is_empty() {
            return taken_back(accepts);
        }
        if is_over && accepts.json {
            let body = if is_batch { batch::join(&answers) } else { answers.swap_remove(0) };
            return json(StatusCode::OK, body);
        }
        self.stream(driver, &answers, first)
    }

    /// Begins a stream with what has been said so far.
    fn stream(&self, driver: Driver, answers: &[Bytes], first: FirstWord) -> Response<ResponseBody> {
        let session = Arc::clone(driver.session());
        let options = session.options();
        let attached = {
            let mut state = session.lock();
            let attached = state.streams.open(options, Instant::now());
            for answer in answers {
                state.streams.append(attached.number, answer, options);
            }
            if let FirstWord::Message(message) = &first {
                state.streams.append(attached.number, message, options);
            }
            if driver.is_over() {
                state.streams.finish(attached.number, Instant::now());
            }
            attached
        };
        let opening = priming(&session, attached.last);
        let opening = opening.or_else(|| matches!(first, FirstWord::Silence).then(comment));
        let driver = (!driver.is_over()).then_some(driver);
        let mut reader = Reader::new(session, attached, opening, driver);
        if matches!(first, FirstWord::Pause) {
            reader.send_away();
        }
        event_stream(KeepAlive::new(reader, self.shared.keep_alive))
    }
}

/// Waits until it is known how to answer. The timer is made when there is something to wait for.
async fn first_word(
    driver: &mut Driver,
    accepts: Accepts,
    patience: Duration,
    answers: &mut Vec<Bytes>,
) -> FirstWord {
    let mut timer = None;
    let knows_polling = accepts.events && driver.session().knows_polling();
    std::future::poll_fn(|context| {
        loop {
            return Poll::Ready(match driver.poll(context) {
                Poll::Ready(None) => FirstWord::Over,
                Poll::Ready(Some(Step::Answer(answer))) => {
                    answers.push(answer.body);
                    if !driver.is_over() {
                        continue;
                    }
                    FirstWord::Over
                }
                Poll::Ready(Some(Step::Message(message))) if accepts.events => FirstWord::Message(message),
                Poll::Ready(Some(Step::Pause)) if knows_polling => FirstWord::Pause,
                // A client that takes no stream is told the answer and nothing else.
                Poll::Ready(Some(_)) => continue,
                Poll::Pending if accepts.events => return poll_timer(&mut timer, patience, context),
                Poll::Pending => return Poll::Pending,
            });
        }
    })
    .await
}

fn poll_timer(
    timer: &mut Option<Pin<Box<Sleep>>>,
    patience: Duration,
    context: &mut Context<'_>,
) -> Poll<FirstWord> {
    let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
    timer.as_mut().poll(context).map(|()| FirstWord::Silence)
}

/// Answers requests that the client itself has taken back, so that nothing is said to them: by a stream that ends,
/// which every client knows how to read. One that takes no stream is told that its request was accepted.
fn taken_back(accepts: Accepts) -> Response<ResponseBody> {
    match accepts.events {
        true => event_stream(Once(None)),
        false => empty(StatusCode::ACCEPTED),
    }
}

/// Returns the event that lets a client come back before it got anything else, and how long it should wait till then;
/// nothing for clients that would take it for a message.
pub(super) fn priming(session: &Session, last: EventId) -> Option<Bytes> {
    let wait = session.knows_polling().then(|| session.options().retry.as_millis())?;
    let event = encode_event(Some(&last.to_string()), None, b"");
    Some([format!("retry: {wait}\n").as_bytes(), &event].concat().into())
}
