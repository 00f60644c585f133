//! The body of an answer, as it arrives.

use crate::{
    alarm::Alarm,
    client::Shared,
    error::{Error, Phase, Stage},
    http1::Http1,
    http2::InUse,
    target::Target,
};
use bytes::{Bytes, BytesMut};
use http_body::{Body as _, SizeHint};
use hyper::body::Incoming;
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::time::Instant;

/// The body of a [`Response`](crate::Response).
///
/// It owns its HTTP/1.1 connection and drives it: nothing is read from the socket but by polling for chunks, so
/// a slow reader slows the server down. At the end the connection goes back to the client for the next call.
/// Dropping a body before its end closes the connection (HTTP/1.1) or resets the stream (HTTP/2).
pub struct Body {
    source: Source,
    limits: Limits,
    target: Target,
    client: Arc<Shared>,
}

/// How much of a body is read that nobody wants, and for how long, so that its connection can serve again. More costs more
/// than a new connection.
const MAX_LEFT_BYTES: usize = 64 * 1024;
const MAX_LEFT_TIME: Duration = Duration::from_secs(1);

/// Where the bytes come from.
enum Source {
    Ended,
    Http1 { incoming: Incoming, connection: Box<Http1> },
    Http2 { incoming: Incoming, alarm: Alarm, _in_use: InUse },
}

/// The time limits of a body.
pub(crate) struct Limits {
    pub(crate) idle: Option<Duration>,
    pub(crate) total: Option<(Instant, Duration)>,
    /// When the present silence is too long; set at its beginning, so that a chunk that is there costs no clock.
    idle_at: Option<Instant>,
}

impl Limits {
    pub(crate) fn new(idle: Option<Duration>, total: Option<(Instant, Duration)>) -> Self {
        Self { idle, total, idle_at: None }
    }

    /// Returns the limit that has passed, if one has.
    fn poll_passed(&mut self, alarm: &mut Alarm, context: &mut Context<'_>) -> Option<(Phase, Duration)> {
        if let Some(limit) = self.idle {
            let at = *self.idle_at.get_or_insert_with(|| Instant::now() + limit);
            if self.total.is_none_or(|(total_at, _)| at <= total_at) {
                return alarm.poll_passed(context, at).then_some((Phase::Idle, limit));
            }
        }
        let (at, limit) = self.total?;
        alarm.poll_passed(context, at).then_some((Phase::Total, limit))
    }
}

impl Body {
    pub(crate) fn http1(
        incoming: Incoming,
        connection: Box<Http1>,
        limits: Limits,
        target: Target,
        client: Arc<Shared>,
    ) -> Self {
        let ended = incoming.is_end_stream();
        let mut body = Self { source: Source::Http1 { incoming, connection }, limits, target, client };
        if ended {
            body.end();
        }
        body
    }

    pub(crate) fn http2(
        incoming: Incoming,
        in_use: InUse,
        limits: Limits,
        target: Target,
        client: Arc<Shared>,
    ) -> Self {
        let source = Source::Http2 { incoming, alarm: Alarm::default(), _in_use: in_use };
        Self { source, limits, target, client }
    }

    /// Returns the next chunk, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], [`Error::ConnectionClosed`] if the body was cut short, [`Error::Protocol`].
    /// After an error the body has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a chunk is either returned or still to come.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// Polls for the next chunk; see [`Body::chunk`].
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let (polled, ended) = match &mut self.source {
            Source::Ended => return Poll::Ready(None),
            Source::Http1 { incoming, connection } => {
                let polled = connection.poll_body(incoming, context);
                (polled, incoming.is_end_stream())
            }
            Source::Http2 { incoming, .. } => (poll_http2(incoming, context), false),
        };
        match polled {
            Poll::Ready(Some(Ok(chunk))) => {
                self.limits.idle_at = None;
                if ended {
                    self.end();
                }
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                self.source = Source::Ended;
                Poll::Ready(Some(Err(self.failed(error))))
            }
            Poll::Pending => self.poll_limits(context),
        }
    }

    /// Returns the whole body as one piece.
    ///
    /// A body that comes in one chunk is not copied; one of known length is put together in one allocation.
    ///
    /// # Errors
    ///
    /// [`Error::BodyTooLarge`] as soon as it is known that the body has more than `cap` bytes, and what
    /// [`Body::chunk`] fails with.
    pub async fn collect(mut self, cap: usize) -> Result<Bytes, Error> {
        let length = self.size_hint().exact();
        if length.is_some_and(|length| length > cap as u64) {
            return Err(self.too_large(cap, length));
        }
        let Some(first) = self.chunk().await.transpose()? else { return Ok(Bytes::new()) };
        let second = match self.chunk().await.transpose()? {
            Some(second) => second,
            None if first.len() <= cap => return Ok(first),
            None => return Err(self.too_large(cap, length)),
        };
        let known = length.and_then(|length| usize::try_from(length).ok());
        let mut whole = BytesMut::with_capacity(known.unwrap_or(first.len() + second.len()).min(cap));
        let mut next = Some(first);
        let mut after = Some(second);
        while let Some(chunk) = next {
            if chunk.len() > cap - whole.len() {
                return Err(self.too_large(cap, length));
            }
            whole.extend_from_slice(&chunk);
            next = match after.take() {
                Some(chunk) => Some(chunk),
                None => self.chunk().await.transpose()?,
            };
        }
        Ok(whole.freeze())
    }

    /// Ends the body without cutting its connection: the little that may be left is read in the background and thrown away,
    /// 64 KiB and one second at most, and the connection serves the next call. To be called on a runtime.
    ///
    /// Streams of events end a moment after their last event, so who drops them there pays for a connection each time.
    #[expect(clippy::disallowed_methods, reason = "what is left of an answer that nobody waits for any more")]
    pub fn finish(mut self) {
        let mut left = MAX_LEFT_BYTES;
        let mut poll_end = move |body: &mut Self, context: &mut Context<'_>| {
            loop {
                match body.poll_chunk(context) {
                    Poll::Ready(Some(Ok(chunk))) if chunk.len() <= left => left -= chunk.len(),
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        };
        // Often the end is there already.
        if poll_end(&mut self, &mut Context::from_waker(Waker::noop())).is_pending() {
            tokio::spawn(async move {
                let ended = poll_fn(|context| poll_end(&mut self, context));
                // Whatever is still to come then goes with the connection.
                let _in_time = tokio::time::timeout(MAX_LEFT_TIME, ended).await;
            });
        }
    }

    /// Returns what is known of the number of bytes that are still to come.
    #[must_use]
    pub fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Ended => SizeHint::with_exact(0),
            Source::Http1 { incoming, .. } | Source::Http2 { incoming, .. } => incoming.size_hint(),
        }
    }

    /// Returns whether the body has been read to its end.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.source, Source::Ended)
    }

    /// Takes leave of the connection at the end of the body, and gives it back if it can serve again.
    fn end(&mut self) {
        if let Source::Http1 { mut connection, incoming } = std::mem::replace(&mut self.source, Source::Ended)
        {
            if connection.is_reusable() {
                self.client.pool.put(self.target.origin(), connection);
            }
            drop(incoming);
        }
    }

    fn poll_limits(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let alarm = match &mut self.source {
            Source::Ended => return Poll::Ready(None),
            Source::Http1 { connection, .. } => &mut connection.alarm,
            Source::Http2 { alarm, .. } => alarm,
        };
        let Some((phase, after)) = self.limits.poll_passed(alarm, context) else { return Poll::Pending };
        self.source = Source::Ended;
        let origin = self.target.origin().clone();
        Poll::Ready(Some(Err(Error::Timeout { origin, phase, after })))
    }

    fn failed(&self, error: Option<hyper::Error>) -> Error {
        let origin = self.target.origin();
        match error {
            Some(error) => Error::from_hyper(error, origin, Stage::MidBody, self.client.header_cap),
            None => Error::ConnectionClosed { origin: origin.clone(), stage: Stage::MidBody, source: None },
        }
    }

    fn too_large(&self, cap: usize, length: Option<u64>) -> Error {
        Error::BodyTooLarge { origin: self.target.origin().clone(), cap, length }
    }
}

fn poll_http2(
    incoming: &mut Incoming,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, Option<hyper::Error>>>> {
    loop {
        match Pin::new(&mut *incoming).poll_frame(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(Some(error)))),
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(chunk) = frame.into_data()
                    && !chunk.is_empty()
                {
                    return Poll::Ready(Some(Ok(chunk)));
                }
            }
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("target", &self.target).field("size_hint", &self.size_hint()).finish()
    }
}
