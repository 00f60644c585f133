//! A socket that notes whether its client takes what is written, and that says goodbye properly.
//!
//! A socket that is closed while something that it was sent is still unread resets the connection, and the client may
//! never see the answer that was on its way (RFC 9112, section 9.6). So what still comes is read for a while, and thrown
//! away.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::activity::Activity;

/// How long a client may take to see that it will not be listened to any more.
const LINGER: Duration = Duration::from_secs(2);

/// How much is thrown away at once.
const SCRAP: usize = 4 << 10;

/// A socket under watch.
#[derive(Debug)]
pub(super) struct Wire<S> {
    socket: S,
    activity: Arc<Activity>,
    closing: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    pub(super) const fn new(socket: S, activity: Arc<Activity>) -> Self {
        Self { socket, activity, closing: None }
    }

    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        match written.is_pending() {
            true => self.activity.blocks(),
            false => self.activity.writes(),
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(context);
        match flushed.is_pending() {
            true => self.note(flushed),
            // That nothing is left to flush does not say that the client took anything.
            false => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(context))?;
        }
        let this = &mut *self;
        let closing = this.closing.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut scrap = [0; SCRAP];
        loop {
            if closing.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut buffer = ReadBuf::new(&mut scrap);
            // An error is a way of being gone, too.
            if ready!(Pin::new(&mut this.socket).poll_read(context, &mut buffer)).is_err()
                || buffer.filled().is_empty()
            {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
