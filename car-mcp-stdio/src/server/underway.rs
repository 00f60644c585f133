//! Requests under way, each polled for what it has to say.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use car_mcp::server::{Exchange, Step};
use car_mcp_proto::RequestId;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::batch::BatchId;

/// How many modern requests may be under way at once: each holds a handler's future.
pub const MAX_UNDER_WAY: usize = 1024;

/// What is remembered of a request until it ends.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: RequestId,
    /// Whether it is `subscriptions/listen`, which ends only when one side ends it.
    pub(super) is_listen: bool,
    /// Whether it is one of the modern ones, which are cancelled here; the legacy conversation sees to its own.
    pub(super) is_modern: bool,
    pub(super) batch: Option<BatchId>,
}

/// Every request under way.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    exchanges: FuturesUnordered<Stepping>,
    /// The modern ones. What is dropped here is cancelled.
    modern: HashMap<RequestId, oneshot::Sender<()>>,
}

impl UnderWay {
    pub(super) fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    pub(super) fn has_room(&self) -> bool {
        self.modern.len() < MAX_UNDER_WAY
    }

    pub(super) fn has_modern(&self, id: &RequestId) -> bool {
        self.modern.contains_key(id)
    }

    pub(super) fn begin(&mut self, head: Head, exchange: Exchange) {
        let stop = head.is_modern.then(|| {
            let (sender, stop) = oneshot::channel();
            self.modern.insert(head.id.clone(), sender);
            stop
        });
        self.exchanges.push(Stepping(Some(Running { head, exchange, stop })));
    }

    /// Drops a modern request without an answer, if there is one of this id.
    pub(super) fn cancel(&mut self, id: &RequestId) {
        self.modern.remove(id);
    }

    /// Drops what would never end by itself.
    pub(super) fn end_listening(&mut self) {
        let listening = self.exchanges.iter().filter_map(|stepping| stepping.0.as_ref());
        let listening: Vec<_> = listening.filter(|running| running.head.is_listen).collect();
        for running in listening {
            self.modern.remove(&running.head.id);
        }
    }

    /// Waits for what comes next of any request; nothing while there is none.
    ///
    /// # Cancel safety
    /// A step is either returned or still to come.
    pub(super) async fn next(&mut self) -> Option<(Running, Option<Step>)> {
        self.exchanges.next().await
    }

    /// Goes on with a request that has something more to say.
    pub(super) fn go_on(&mut self, running: Running) {
        self.exchanges.push(Stepping(Some(running)));
    }

    /// Forgets a request that has ended. Where it was cancelled, its id may be that of another one by now.
    pub(super) fn forget(&mut self, running: &mut Running) {
        if running.is_wanted() {
            self.modern.remove(&running.head.id);
        }
    }
}

/// One request under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) head: Head,
    exchange: Exchange,
    stop: Option<oneshot::Receiver<()>>,
}

impl Running {
    /// Whether it is a modern one that nobody has cancelled.
    fn is_wanted(&mut self) -> bool {
        self.stop.as_mut().is_some_and(|stop| stop.try_recv() == Err(TryRecvError::Empty))
    }

    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Option<Step>> {
        if self.stop.as_mut().is_some_and(|stop| stop.poll_unpin(context).is_ready()) {
            return Poll::Ready(None);
        }
        self.exchange.poll_step(context)
    }
}

/// Waits for one step, and gives the request back with it.
#[derive(Debug)]
struct Stepping(Option<Running>);

impl Future for Stepping {
    type Output = (Running, Option<Step>);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let running = self.0.as_mut().expect("it is not polled after its step");
        let step = std::task::ready!(running.poll_step(context));
        let running = self.0.take().expect("it was there a moment ago");
        Poll::Ready((running, step))
    }
}
