//! Requests under way, and how they go on when their client does not stay for the answer.
//!
//! > Disconnection should not be interpreted as the client cancelling its request.
//!
//! A request is polled where its answer is written, as in the modern era: that costs no task. Only when that place is
//! dropped with the request unfinished does a task go on in its stead.
//!
//! Source: specification 2025-11-25, "Transports", section "Sending messages to the server".

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use car_mcp::proto::RequestId;
use car_mcp::proto::rpc::INTERNAL_ERROR;
use car_mcp::server::legacy::Feed;
use car_mcp::server::{Answer, Exchange, Step};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

use super::session::{Permit, Session};
use super::stream::OWN;
use crate::server::refusal::error;

/// What says something.
pub(super) enum Work {
    /// A request.
    One(RequestId, Exchange),
    /// The requests of a batch.
    Many(Vec<(Option<RequestId>, Exchange)>),
    /// What belongs to no request.
    Feed(Feed),
}

impl Work {
    /// Polls for what comes next; nothing at the end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        match self {
            Self::One(_, exchange) => exchange.poll_step(context),
            Self::Many(exchanges) => {
                let mut index = 0;
                while let Some((_, exchange)) = exchanges.get_mut(index) {
                    match exchange.poll_step(context) {
                        Poll::Pending => index += 1,
                        Poll::Ready(Some(step)) => {
                            if matches!(step, Step::Answer(_)) {
                                drop(exchanges.remove(index));
                            }
                            return Poll::Ready(Some(step));
                        }
                        Poll::Ready(None) => drop(exchanges.remove(index)),
                    }
                }
                if exchanges.is_empty() { Poll::Ready(None) } else { Poll::Pending }
            }
            Self::Feed(feed) => feed.poll_message(context).map(|message| message.map(Step::Message)),
        }
    }

    /// Drops what is under way, and leaves an error for each request instead.
    fn give_up(&mut self) {
        let late = |id: &RequestId| {
            let error = error(INTERNAL_ERROR, "the request took longer than this server allows");
            Exchange::answered(Answer::error(Some(id), &error))
        };
        match self {
            Self::One(id, exchange) => *exchange = late(id),
            Self::Many(exchanges) => {
                for (id, exchange) in exchanges {
                    if let Some(id) = id {
                        *exchange = late(id);
                    }
                }
            }
            Self::Feed(_) => {}
        }
    }

    /// Returns whether nothing is left after an answer.
    fn is_over_after_answer(&self) -> bool {
        match self {
            Self::One(..) => true,
            Self::Many(exchanges) => exchanges.is_empty(),
            Self::Feed(_) => false,
        }
    }
}

/// How long requests may take. The timer is made when there is something to wait for.
struct Deadline {
    time: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.time)));
        timer.as_mut().poll(context)
    }
}

/// Requests under way, or a feed. Dropping it lets requests go on by themselves.
pub(super) struct Driver {
    work: Option<Work>,
    permit: Option<Permit>,
    session: Arc<Session>,
    deadline: Option<Deadline>,
    /// Where it says what it has to say when nobody polls it. Without one nobody can ask for it any more.
    pub(super) stream: Option<u64>,
    may_go_on: bool,
}

impl Driver {
    /// Returns requests that may take so long in all.
    pub(super) fn requests(
        session: Arc<Session>,
        work: Work,
        permit: Permit,
        time: Option<Duration>,
    ) -> Self {
        let deadline = time.map(|time| Deadline { time, timer: None });
        Self { work: Some(work), permit: Some(permit), session, deadline, stream: None, may_go_on: true }
    }

    pub(super) fn feed(session: &Arc<Session>) -> Self {
        let feed = session.conversation().feed();
        let session = Arc::clone(session);
        Self {
            work: Some(Work::Feed(feed)),
            permit: None,
            session,
            deadline: None,
            stream: None,
            may_go_on: false,
        }
    }

    pub(super) const fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Returns whether there is nothing left to be said.
    pub(super) const fn is_over(&self) -> bool {
        self.work.is_none()
    }

    /// Polls for what comes next; nothing at the end.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        let mut step = work.poll(context);
        if step.is_pending()
            && self.deadline.as_mut().is_some_and(|deadline| deadline.poll(context).is_ready())
        {
            self.deadline = None;
            work.give_up();
            step = work.poll(context);
        }
        let step = ready!(step);
        let is_over = match step {
            None => true,
            Some(Step::Answer(_)) => work.is_over_after_answer(),
            Some(_) => false,
        };
        if is_over {
            self.work = None;
            self.permit = None;
        }
        Poll::Ready(step)
    }

    /// Waits for what comes next.
    async fn step(&mut self) -> Option<Step> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    /// Says everything on the stream, as fast as a reader of it allows.
    async fn go_on(mut self) {
        self.may_go_on = false;
        loop {
            self.wait_for_room().await;
            match self.step().await {
                Some(Step::Message(body)) => self.say(&body),
                Some(Step::Answer(answer)) => self.say(&answer.body),
                // The client is away already.
                Some(Step::Pause) => {}
                None => break,
            }
        }
        if let Some(number) = self.stream.filter(|number| *number != OWN) {
            self.session.lock().streams.finish(number, Instant::now());
        }
    }

    async fn wait_for_room(&mut self) {
        let Some(number) = self.stream else { return };
        let most = self.session.options().max_events;
        std::future::poll_fn(|context| self.session.lock().streams.poll_room(number, most, context)).await;
    }

    fn say(&self, message: &Bytes) {
        if let Some(number) = self.stream {
            self.session.lock().streams.append(number, message, self.session.options());
        }
    }

    /// Lets the requests go on by themselves.
    pub(super) fn detach(mut self) {
        if let Some(permit) = &mut self.permit {
            permit.detach();
        }
        let Ok(runtime) = Handle::try_current() else {
            return tracing::warn!("a request ends unfinished: its client is gone, and so is the runtime");
        };
        // One of the few background tasks: it ends with the request, or with the session.
        drop(runtime.spawn(self.go_on()));
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.may_go_on || self.work.is_none() || self.session.is_ended() {
            return;
        }
        let rest = Self {
            work: self.work.take(),
            permit: self.permit.take(),
            session: Arc::clone(&self.session),
            deadline: self.deadline.take(),
            stream: self.stream,
            may_go_on: false,
        };
        rest.detach();
    }
}
