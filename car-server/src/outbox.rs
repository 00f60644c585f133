//! What is on its way to a front end.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use axum::extract::ws::Message;
use futures_util::Sink;
use tokio::time::Instant;

/// How long a front end may take to take a message. One that takes longer is gone, or stuck.
const MAX_STALL: Duration = Duration::from_secs(30);

/// How long it may take to take the farewell.
const MAX_FAREWELL: Duration = Duration::from_secs(3);

/// The messages that a front end has not taken yet. Generic only so that it is tested without a socket.
pub(crate) struct Outbox<S> {
    sink: S,
    waiting: VecDeque<Message>,
    /// Whether something was given to the sink and may not have left it.
    is_dirty: bool,
    /// When the front end last took something, or when something began to wait.
    moved: Instant,
}

/// Nobody takes the messages.
#[derive(Debug)]
pub(crate) struct Stuck;

impl<S: Sink<Message, Error: std::fmt::Display> + Unpin> Outbox<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self { sink, waiting: VecDeque::new(), is_dirty: false, moved: Instant::now() }
    }

    /// Tells whether everything has been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && !self.is_dirty
    }

    /// Adds messages. Whoever adds them bounds how many there are.
    pub(crate) fn extend(&mut self, messages: impl IntoIterator<Item = Message>) {
        if self.is_empty() {
            self.moved = Instant::now();
        }
        self.waiting.extend(messages);
    }

    /// Sends what waits, until all of it has been taken.
    ///
    /// # Errors
    /// Says that the front end is gone, or has taken nothing for too long.
    ///
    /// # Cancel safety
    /// Nothing is lost or sent twice when the future is dropped.
    pub(crate) async fn drain(&mut self) -> Result<(), Stuck> {
        loop {
            let until = self.moved + MAX_STALL;
            match tokio::time::timeout_at(until, poll_fn(|context| self.poll_drain(context))).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a front end is gone");
                    return Err(Stuck);
                }
                // It has taken something since then.
                Err(_) if self.moved + MAX_STALL > until => {}
                Err(_) => {
                    tracing::info!("a front end does not take its answers; its connection is ended");
                    return Err(Stuck);
                }
            }
        }
    }

    /// Sends a last message, if the front end is quick to take it.
    pub(crate) async fn finish(&mut self, message: Message) {
        // Half-sent answers are of no use to whoever is sent away.
        self.waiting.clear();
        self.extend([message]);
        // If it cannot be told, it is gone already.
        tokio::time::timeout(MAX_FAREWELL, self.drain()).await.ok();
    }

    fn poll_drain(&mut self, context: &mut std::task::Context<'_>) -> Poll<Result<(), S::Error>> {
        while !self.waiting.is_empty() {
            ready!(Pin::new(&mut self.sink).poll_ready(context))?;
            if let Some(message) = self.waiting.pop_front() {
                Pin::new(&mut self.sink).start_send(message)?;
                (self.is_dirty, self.moved) = (true, Instant::now());
            }
        }
        ready!(Pin::new(&mut self.sink).poll_flush(context))?;
        self.is_dirty = false;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::Context;

    use super::*;

    /// Takes as many messages as it is told, and keeps them.
    #[derive(Default)]
    struct Front {
        room: usize,
        taken: Vec<String>,
    }

    impl Sink<Message> for &mut Front {
        type Error = Infallible;

        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            if self.room > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
        }

        fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Infallible> {
            self.room -= 1;
            self.taken.push(message.into_text().unwrap().to_string());
            Ok(())
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }
    }

    fn messages(names: &[&str]) -> Vec<Message> {
        names.iter().map(|name| Message::text(*name)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn loses_nothing_and_sends_nothing_twice_when_it_is_interrupted() {
        let mut front = Front { room: 2, ..Front::default() };
        let mut outbox = Outbox::new(&mut front);
        outbox.extend(messages(&["a", "b", "c"]));
        let short = Duration::from_secs(1);
        tokio::time::timeout(short, outbox.drain()).await.unwrap_err();
        assert!(!outbox.is_empty());
        outbox.extend(messages(&["d"]));
        outbox.sink.room = 2;
        outbox.drain().await.unwrap();
        assert!(outbox.is_empty());
        assert_eq!(front.taken, ["a", "b", "c", "d"]);
    }

    #[tokio::test(start_paused = true)]
    async fn gives_a_front_end_up_that_takes_nothing_for_thirty_seconds() {
        let mut front = Front::default();
        let mut outbox = Outbox::new(&mut front);
        tokio::time::sleep(Duration::from_secs(100)).await;
        outbox.extend(messages(&["a", "b"]));
        let began = Instant::now();
        // Whoever interrupts it in between does not begin the time anew.
        tokio::time::timeout(Duration::from_secs(20), outbox.drain()).await.unwrap_err();
        outbox.drain().await.unwrap_err();
        assert_eq!(began.elapsed(), MAX_STALL);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_a_front_end_that_is_slow_and_takes_something() {
        let mut front = Front::default();
        let mut outbox = Outbox::new(&mut front);
        outbox.extend(messages(&["a", "b", "c"]));
        for _ in 0..3 {
            tokio::time::timeout(MAX_STALL - Duration::from_secs(1), outbox.drain()).await.unwrap_err();
            outbox.sink.room = 1;
            // It is polled at once where it can go on.
            tokio::time::timeout(Duration::ZERO, outbox.drain()).await.ok();
        }
        assert_eq!(front.taken, ["a", "b", "c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn says_goodbye_in_place_of_what_waits_and_not_for_long() {
        let mut front = Front { room: 1, ..Front::default() };
        let mut outbox = Outbox::new(&mut front);
        outbox.extend(messages(&["a", "b"]));
        outbox.finish(Message::text("bye")).await;
        let began = Instant::now();
        outbox.finish(Message::text("bye again")).await;
        assert_eq!(began.elapsed(), MAX_FAREWELL);
        assert_eq!(front.taken, ["bye"]);
    }
}
