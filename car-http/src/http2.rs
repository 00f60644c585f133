//! HTTP/2: one connection per origin, shared by all calls.
//!
//! Unlike HTTP/1.1, many calls share the socket, so none of them can drive it alone: a task does. It ends with
//! the connection, when the client is dropped, or after the connection was idle.

use crate::{http1::Failure, payload::Payload, stream::Stream};
use hyper::{Request, Response, body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tokio::time::{Instant, sleep};

use crate::alarm::Alarm;

/// A handle to a shared connection.
#[derive(Clone)]
pub(crate) struct Http2 {
    sender: http2::SendRequest<Payload>,
    activity: Arc<Activity>,
}

/// What the driving task looks at to find out whether the connection is idle.
#[derive(Default)]
struct Activity {
    calls: AtomicUsize,
    used: AtomicBool,
}

/// Marks a call as running until it is dropped.
pub(crate) struct InUse(Arc<Activity>);

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.used.store(true, Ordering::Relaxed);
        self.0.calls.fetch_sub(1, Ordering::Release);
    }
}

impl Http2 {
    pub(crate) async fn handshake(
        stream: Stream,
        header_cap: u32,
        idle_timeout: Duration,
    ) -> hyper::Result<Self> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.max_header_list_size(header_cap);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        let activity = Arc::<Activity>::default();
        let watched = Arc::clone(&activity);
        #[expect(
            clippy::disallowed_methods,
            reason = "calls share this socket, so none of them can drive it alone"
        )]
        let task = tokio::spawn(async move {
            let mut connection = pin!(connection);
            let mut tick = pin!(sleep(idle_timeout));
            poll_fn(|context| {
                if connection.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                while tick.as_mut().poll(context).is_ready() {
                    let used = watched.used.swap(false, Ordering::Relaxed);
                    if !used && watched.calls.load(Ordering::Acquire) == 0 {
                        return Poll::Ready(());
                    }
                    tick.as_mut().reset(Instant::now() + idle_timeout);
                }
                Poll::Pending
            })
            .await;
        });
        drop(task);
        Ok(Self { sender, activity })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Returns whether both are handles to the same connection.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.activity, &other.activity)
    }

    /// Sends a request and returns the head of its answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future resets the stream; the connection stays.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Payload>,
        deadline: Option<Instant>,
    ) -> Result<(Response<Incoming>, InUse), Failure> {
        self.activity.calls.fetch_add(1, Ordering::AcqRel);
        let in_use = InUse(Arc::clone(&self.activity));
        let mut answer = pin!(self.sender.try_send_request(request));
        let mut alarm = Alarm::default();
        let response = poll_fn(|context| match answer.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(result.map_err(Failure::from)),
            Poll::Pending if deadline.is_some_and(|at| alarm.poll_passed(context, at)) => {
                Poll::Ready(Err(Failure::Deadline))
            }
            Poll::Pending => Poll::Pending,
        })
        .await?;
        Ok((response, in_use))
    }
}
