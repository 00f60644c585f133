//! The short queue between a handler and whoever writes to the wire.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

/// How many messages wait for a slow reader before the handler waits too.
const CAPACITY: usize = 16;

/// What a handler says before its answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// A message that belongs to the request.
    Message(Bytes),
    /// The client may be let go; it comes back for the rest.
    Pause,
}

/// Both ends of the queue. Clones are the same queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlet(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Said>,
    reader: Option<Waker>,
    writers: Vec<Waker>,
}

impl Outlet {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Puts a message into the queue, once there is room.
    ///
    /// # Cancel safety
    /// A message whose future is dropped before it is ready was not put in.
    pub(crate) async fn send(&self, message: Bytes) {
        self.say(Said::Message(message)).await;
    }

    /// Puts a message into the queue if there is room, and returns whether there was: for one who is about to be
    /// dropped and cannot wait.
    pub(crate) fn try_send(&self, message: Bytes) -> bool {
        let context = Context::from_waker(Waker::noop());
        self.poll_send(&context, &mut Some(Said::Message(message))).is_ready()
    }

    /// Lets the client go once it has read what was said before.
    ///
    /// # Cancel safety
    /// As [`Outlet::send`].
    pub(crate) async fn pause(&self) {
        self.say(Said::Pause).await;
    }

    async fn say(&self, said: Said) {
        let mut said = Some(said);
        std::future::poll_fn(|context| self.poll_send(context, &mut said)).await;
    }

    fn poll_send(&self, context: &Context<'_>, said: &mut Option<Said>) -> Poll<()> {
        let mut queue = self.lock();
        if queue.messages.len() >= CAPACITY {
            if !queue.writers.iter().any(|writer| writer.will_wake(context.waker())) {
                queue.writers.push(context.waker().clone());
            }
            return Poll::Pending;
        }
        queue.messages.extend(said.take());
        let reader = queue.reader.take();
        drop(queue);
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Ready(())
    }

    /// Returns a message if there is one.
    pub(crate) fn take_message(&self) -> Option<Said> {
        take(self.lock())
    }

    pub(crate) fn poll_message(&self, context: &Context<'_>) -> Poll<Said> {
        let mut queue = self.lock();
        if queue.messages.is_empty() {
            queue.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        take(queue).map_or(Poll::Pending, Poll::Ready)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().expect("nothing panics while it holds the queue")
    }
}

/// Takes a message out, and wakes who waits for room.
fn take(mut queue: MutexGuard<'_, Queue>) -> Option<Said> {
    let message = queue.messages.pop_front()?;
    let writers = std::mem::take(&mut queue.writers);
    drop(queue);
    for writer in writers {
        writer.wake();
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_makes_the_writer_wait_and_loses_nothing() {
        let outlet = Outlet::new();
        let writer = outlet.clone();
        let writing = async move {
            for index in 0..100_u32 {
                writer.send(Bytes::from(index.to_string())).await;
            }
        };
        let reading = async move {
            let mut seen = Vec::new();
            while seen.len() < 100 {
                assert!(outlet.lock().messages.len() <= CAPACITY);
                seen.push(std::future::poll_fn(|context| outlet.poll_message(context)).await);
            }
            seen
        };
        let ((), seen) = tokio::join!(writing, reading);
        let expected = (0..100_u32).map(|index| Said::Message(Bytes::from(index.to_string())));
        assert!(seen.into_iter().eq(expected));
    }
}
