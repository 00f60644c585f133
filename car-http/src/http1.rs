//! HTTP/1.1, driven by the caller.
//!
//! hyper splits a connection into a handle and a future that must be polled for anything to happen, and expects
//! the future to be spawned. Here it is not: the call polls it. That saves a task per connection, two trips
//! through the scheduler per call and, when the call is dropped, any doubt about what happens to the socket.
//!
//! **Wake-ups.** Only two things can make progress possible: the socket (hyper registers the task's waker with
//! it whenever it runs dry) and our own polling. hyper's channels from the connection to the answer and to the
//! body are filled only inside [`Http1::drive`], so they are polled right after it, with a waker that does
//! nothing: what fills them would only wake the task that is running already.

use crate::{alarm::Alarm, payload::Payload, stream::Stream};
use bytes::Bytes;
use http_body::Body as _;
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use hyper_util::rt::TokioIo;
use std::{
    future::{Future as _, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};
use tokio::{task::coop, time::Instant};

/// A connection and its handle, which go into the pool and out of it together.
pub(crate) struct Http1 {
    sender: http1::SendRequest<Payload>,
    /// Nothing once hyper's future has completed: the socket is of no more use, and a request that was still waiting to
    /// be written comes back when the future is dropped.
    connection: Option<http1::Connection<TokioIo<Stream>, Payload>>,
    pub(crate) alarm: Alarm,
    /// When it was last put into the pool; `None` before the first call.
    pub(crate) idle_since: Option<Instant>,
}

/// Why a request got no answer.
pub(crate) enum Failure {
    /// The deadline passed.
    Deadline,
    /// The connection failed; `unsent` if no byte of the request was written.
    Connection { error: Option<hyper::Error>, unsent: bool },
}

impl Http1 {
    pub(crate) async fn handshake(stream: Stream, header_cap: usize) -> hyper::Result<Self> {
        let (sender, connection) =
            http1::Builder::new().max_header_size(header_cap).handshake(TokioIo::new(stream)).await?;
        Ok(Self { sender, connection: Some(connection), alarm: Alarm::default(), idle_since: None })
    }

    /// Sends a request and returns the head of its answer.
    ///
    /// # Cancel safety
    ///
    /// When this future is dropped, the connection must be dropped too: it is in the middle of a call.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Payload>,
        deadline: Option<Instant>,
    ) -> Result<Response<Incoming>, Failure> {
        // tokio's budget would turn an answer that is there into "not yet" and wake a waker that does nothing.
        let mut answer = pin!(coop::unconstrained(self.sender.try_send_request(request)));
        let (connection, alarm) = (&mut self.connection, &mut self.alarm);
        poll_fn(|context| {
            if connection.as_mut().is_some_and(|connection| Pin::new(connection).poll(context).is_ready()) {
                *connection = None;
            }
            match answer.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(error)) => Poll::Ready(Err(Failure::from(error))),
                Poll::Pending if connection.is_none() => {
                    Poll::Ready(Err(Failure::Connection { error: None, unsent: false }))
                }
                Poll::Pending if deadline.is_some_and(|at| alarm.poll_passed(context, at)) => {
                    Poll::Ready(Err(Failure::Deadline))
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Polls for the next piece of the body of the answer that this connection is giving.
    ///
    /// An error of `None` means that the connection has ended and what is missing will not come.
    pub(crate) fn poll_body(
        &mut self,
        body: &mut Incoming,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Option<hyper::Error>>>> {
        let mut noop = Context::from_waker(Waker::noop());
        // The connection has been driven since the last frame was taken, and waits for the socket.
        let mut driven = false;
        loop {
            match Pin::new(&mut *body).poll_frame(&mut noop) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(Some(error)))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(chunk) if !chunk.is_empty() => return Poll::Ready(Some(Ok(chunk))),
                    // Trailers and empty chunks are of no use to anybody, but taking them makes room for more.
                    _ => driven = false,
                },
                Poll::Pending if self.connection.is_none() => return Poll::Ready(Some(Err(None))),
                Poll::Pending if driven => return Poll::Pending,
                Poll::Pending => driven = self.drive(context).is_pending(),
            }
        }
    }

    /// Returns whether the connection can serve another call at once. Called when a body has been read to its end.
    pub(crate) fn is_reusable(&mut self) -> bool {
        // The waker is one that does nothing: an idle connection must not wake the task of the call it served.
        let _ = self.drive(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }

    fn drive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(connection) = &mut self.connection else { return Poll::Ready(()) };
        // An error of the connection reaches the answer or the body; if both are gone, nobody wants it.
        Pin::new(connection).poll(context).map(|_| self.connection = None)
    }
}

impl From<TrySendError<Request<Payload>>> for Failure {
    fn from(mut error: TrySendError<Request<Payload>>) -> Self {
        let unsent = error.take_message().is_some();
        Self::Connection { error: Some(error.into_error()), unsent }
    }
}
