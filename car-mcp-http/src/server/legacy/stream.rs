//! One stream of a session: which of its events have been handed out, which are kept, and who reads it.

use std::collections::VecDeque;
use std::task::Waker;

use tokio::time::Instant;

use super::id::EventId;

/// The number of the stream that belongs to no request.
pub(super) const OWN: u64 = 0;

/// How many events a task may write ahead of a reader before it waits. As many as wait in a request's own queue.
const WINDOW: u64 = 16;

/// One stream. Sequence numbers begin at 1.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) number: u64,
    /// The first event that is still kept.
    pub(super) kept_from: u64,
    /// The event that the reader gets next.
    pub(super) read: u64,
    /// The first event that no reader has ever got.
    pub(super) given: u64,
    /// The event that is said next.
    pub(super) next: u64,
    /// How long each kept event is.
    pub(super) lengths: VecDeque<u32>,
    /// How long they are together.
    pub(super) bytes: usize,
    /// Nothing more will be said.
    pub(super) finished: Option<Instant>,
    /// Counts the readers; only the latest is served.
    pub(super) generation: u32,
    pub(super) is_attached: bool,
    /// When the last reader went away without having been sent away.
    pub(super) broke: Option<Instant>,
    /// Waits for the next event.
    pub(super) reader: Option<Waker>,
    /// Waits for the reader to catch up.
    pub(super) writer: Option<Waker>,
}

/// A reader's hold on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attached {
    pub(super) number: u64,
    pub(super) generation: u32,
    /// The event that the reader got last, here or on an earlier connection.
    pub(super) last: EventId,
}

impl Stream {
    pub(super) const fn new(number: u64) -> Self {
        Self {
            number,
            kept_from: 1,
            read: 1,
            given: 1,
            next: 1,
            lengths: VecDeque::new(),
            bytes: 0,
            finished: None,
            generation: 0,
            is_attached: false,
            broke: None,
            reader: None,
            writer: None,
        }
    }

    /// Makes a reader the one that is served, from the event `from` on. An earlier one is told to end.
    pub(super) fn attach(&mut self, from: u64) -> Attached {
        self.generation = self.generation.wrapping_add(1);
        self.is_attached = true;
        self.broke = None;
        self.read = from;
        self.wake_reader();
        self.wake_writer();
        let last = EventId { stream: self.number, sequence: from - 1 };
        Attached { number: self.number, generation: self.generation, last }
    }

    /// Returns how many events the reader has yet to get.
    pub(super) const fn unread(&self) -> u64 {
        self.next - self.read
    }

    /// Returns whether its oldest kept event has been handed to the reader.
    pub(super) const fn has_kept_read(&self) -> bool {
        self.kept_from < self.read
    }

    /// Returns whether a task may say the next event. It waits for a reader that is slow, not for one that is away.
    pub(super) fn has_room(&self, max_events: usize) -> bool {
        !self.is_attached || self.unread() < WINDOW.min(max_events as u64).max(1)
    }

    /// Returns whether everything has been said and handed out.
    pub(super) fn is_done(&self) -> bool {
        self.finished.is_some() && !self.is_attached && self.given == self.next
    }

    pub(super) fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    pub(super) fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}
