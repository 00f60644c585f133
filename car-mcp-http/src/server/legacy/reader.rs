//! The end of a stream that is written to a connection.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use car_mcp::server::Step;
use tokio::time::Instant;

use super::driver::Driver;
use super::session::Session;
use super::stream::{Attached, OWN};
use super::streams::Read;
use crate::server::body::EventSource;

/// What one connection gets of a stream.
///
/// Dropping it says that the connection is gone: the stream waits for the client to come back, and a request that was
/// polled here goes on by itself.
pub(super) struct Reader {
    session: Arc<Session>,
    attached: Attached,
    /// What comes before the stream's events and is not one of them.
    first: Option<Bytes>,
    /// What is polled here, where nothing else does.
    driver: Option<Box<Driver>>,
    /// The connection is closed once what comes first has been written.
    is_sent_away: bool,
}

impl Reader {
    pub(super) fn new(
        session: Arc<Session>,
        attached: Attached,
        first: Option<Bytes>,
        driver: Option<Driver>,
    ) -> Self {
        let driver = driver.map(|mut driver| {
            driver.stream = Some(attached.number);
            Box::new(driver)
        });
        Self { session, attached, first, driver, is_sent_away: false }
    }

    /// Closes the connection in good order. What is under way goes on by itself; the client comes back for the rest.
    pub(super) fn send_away(&mut self) {
        self.is_sent_away = true;
        self.driver = None;
    }

    fn say(&self, message: &[u8]) {
        self.session.lock().streams.append(self.attached.number, message, self.session.options());
    }

    /// Polls what says something.
    fn poll_driver(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = &mut self.driver else { return Poll::Pending };
        match ready!(driver.poll(context)) {
            Some(Step::Message(body)) => self.say(&body),
            Some(Step::Answer(answer)) => self.say(&answer.body),
            Some(Step::Pause) if self.session.knows_polling() => self.send_away(),
            Some(Step::Pause) => {}
            None => {
                self.driver = None;
                if self.attached.number != OWN {
                    self.session.lock().streams.finish(self.attached.number, Instant::now());
                }
            }
        }
        Poll::Ready(())
    }
}

impl EventSource for Reader {
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        while !self.is_sent_away {
            let read = self.session.lock().streams.poll_read(&self.attached, context);
            match read {
                Read::Event(event) => return Poll::Ready(Some(event)),
                Read::End => return Poll::Ready(None),
                Read::Wait => {}
            }
            ready!(self.poll_driver(context));
        }
        Poll::Ready(None)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let was_latest = self.session.lock().detach(&self.attached);
        if was_latest && self.attached.number == OWN {
            self.session.own_stream_ended();
        }
    }
}

/// A stream of one event, or of none.
pub(super) struct Once(pub(super) Option<Bytes>);

impl EventSource for Once {
    fn poll_event(&mut self, _: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Poll::Ready(self.0.take())
    }
}
