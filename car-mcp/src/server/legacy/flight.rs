//! A request under way, which its client may take back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use car_mcp_proto::RequestId;
use futures_util::task::AtomicWaker;

use super::conversation::Shared;
use crate::server::exchange::Answer;
use crate::transport::BoxFuture;

/// Says that a request is no longer wanted.
#[derive(Debug, Default)]
pub(super) struct Stop {
    is_set: AtomicBool,
    waker: AtomicWaker,
}

impl Stop {
    pub(super) fn set(&self) {
        self.is_set.store(true, Ordering::Release);
        self.waker.wake();
    }
}

/// A request under way. Its id is taken for as long as this lives.
pub(super) struct Flight {
    id: RequestId,
    stop: Arc<Stop>,
    shared: Arc<Shared>,
    /// Nothing once it is over.
    inner: Option<BoxFuture<'static, Answer>>,
}

impl Flight {
    pub(super) const fn new(
        id: RequestId,
        stop: Arc<Stop>,
        shared: Arc<Shared>,
        inner: BoxFuture<'static, Answer>,
    ) -> Self {
        Self { id, stop, shared, inner: Some(inner) }
    }
}

impl Future for Flight {
    type Output = Option<Answer>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.stop.waker.register(context.waker());
        let is_stopped = self.stop.is_set.load(Ordering::Acquire);
        let Some(inner) = self.inner.as_mut().filter(|_| !is_stopped) else {
            // What the handler still has to say, it says while it is dropped.
            self.inner = None;
            return Poll::Ready(None);
        };
        let answer = std::task::ready!(inner.as_mut().poll(context));
        self.inner = None;
        // Before the answer is written: a client may use the id anew as soon as it has read it.
        self.shared.land(&self.id, &self.stop);
        Poll::Ready(Some(answer))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.shared.land(&self.id, &self.stop);
    }
}
