//! The streams of one session, and the events that are kept for a client that comes back.
//!
//! ```text
//!             kept_from        read            next
//!  forgotten ─────┤ handed out ──┤ to be read ────┤        resume(id): read = id + 1, if that is still kept
//! ```
//!
//! What is kept is bounded. What has been handed out goes first, then what an absent client has not read: when it
//! comes back it is told so, rather than given a stream with a gap. What a present reader has not read is never
//! dropped; whoever writes waits instead.

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::id::EventId;
use super::stream::{Attached, OWN, Stream};
use crate::server::events::encode_event;
use crate::server::options::SessionOptions;
use crate::server::store::EventLog;

/// How many streams that have said everything are kept for a client that missed the end. More than a client has
/// connections.
const MAX_FINISHED: usize = 64;

/// How much an event is longer than its data, at most: the names of its fields, and an id of two long numbers.
const FRAMING: usize = 72;

/// The streams of one session.
#[derive(Debug)]
pub(super) struct Streams {
    /// In the order of their numbers.
    list: Vec<Stream>,
    next_number: u64,
    log: Option<Box<dyn EventLog>>,
    /// How many bytes are kept, over all streams.
    bytes: usize,
    /// Whether clients of this session come back: events have ids, and are kept after they were read.
    is_resumable: bool,
}

/// What a reader gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    Event(Bytes),
    /// The stream is over, or somebody else reads it now.
    End,
    /// Nothing yet; the reader will be woken.
    Wait,
}

/// Says why a stream cannot go on where a client wants it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// No such event was handed out.
    NeverGiven,
    /// What comes after it is no longer kept.
    Forgotten,
}

impl Streams {
    pub(super) const fn new(is_resumable: bool) -> Self {
        Self { list: Vec::new(), next_number: OWN + 1, log: None, bytes: 0, is_resumable }
    }

    /// Returns whether anybody reads any stream.
    pub(super) fn is_any_attached(&self) -> bool {
        self.list.iter().any(|stream| stream.is_attached)
    }

    /// Returns when the reader of the session's own stream went away, if it did.
    pub(super) fn own_broke(&self) -> Option<Instant> {
        self.find(OWN)?.broke
    }

    /// Opens a stream for a request. Its first reader is attached.
    pub(super) fn open(&mut self, options: &SessionOptions, now: Instant) -> Attached {
        self.forget_finished(options.grace, now);
        let mut stream = Stream::new(self.next_number);
        self.next_number += 1;
        let attached = stream.attach(1);
        self.list.push(stream);
        attached
    }

    /// Attaches a reader to the session's own stream, from the first event that nobody got. The newest reader takes
    /// the stream over, so that no message is said twice.
    pub(super) fn attach_own(&mut self) -> Attached {
        let own = self.own();
        own.attach(own.given.max(own.kept_from))
    }

    /// Attaches a reader after the event that it got last.
    pub(super) fn resume(&mut self, last: EventId) -> Result<Attached, Lost> {
        let was_given = last.stream < self.next_number && last.stream != OWN;
        let Some(stream) = self.find_mut(last.stream) else {
            return Err(if was_given { Lost::Forgotten } else { Lost::NeverGiven });
        };
        if last.sequence >= stream.given {
            return Err(Lost::NeverGiven);
        }
        if last.sequence + 1 < stream.kept_from {
            return Err(Lost::Forgotten);
        }
        Ok(stream.attach(last.sequence + 1))
    }

    /// Says an event. Nothing happens on a stream that is gone or over.
    pub(super) fn append(&mut self, number: u64, data: &[u8], options: &SessionOptions) {
        let is_resumable = self.is_resumable;
        let Some(stream) = self.find_mut(number).filter(|stream| stream.finished.is_none()) else { return };
        let sequence = stream.next;
        let id = is_resumable.then(|| EventId { stream: number, sequence }.to_string());
        let event = encode_event(id.as_deref(), Some("message"), data);
        // What handlers say in any sane world is far below 4 GiB.
        let length = u32::try_from(event.len()).unwrap_or(u32::MAX);
        stream.lengths.push_back(length);
        stream.bytes += length as usize;
        stream.next += 1;
        stream.wake_reader();
        self.bytes += length as usize;
        self.log.get_or_insert_with(|| options.store.open()).push(number, sequence, event);
        self.trim(number, options);
    }

    /// Says a message on the session's own stream, if somebody reads it or may still come back to.
    pub(super) fn push(&mut self, message: &[u8], options: &SessionOptions, now: Instant) -> bool {
        let Some(own) = self.find(OWN).filter(|own| own.finished.is_none()) else { return false };
        let may_come_back = self.is_resumable && own.broke.is_some_and(|broke| now < broke + options.grace);
        let unread: usize =
            own.lengths.iter().rev().take(own.unread() as usize).map(|len| *len as usize).sum();
        let is_full = own.unread() >= options.max_events as u64
            || unread.saturating_add(message.len() + FRAMING) > options.max_event_bytes;
        if !(own.is_attached || may_come_back) || is_full {
            return false;
        }
        self.append(OWN, message, options);
        true
    }

    /// Hands out what the reader gets next.
    pub(super) fn poll_read(&mut self, attached: &Attached, context: &Context<'_>) -> Read {
        let is_resumable = self.is_resumable;
        let Some(index) = self.index(attached.number) else { return Read::End };
        let stream = &mut self.list[index];
        if stream.generation != attached.generation {
            return Read::End;
        }
        if stream.unread() == 0 {
            if stream.finished.is_some() {
                return Read::End;
            }
            if !stream.reader.as_ref().is_some_and(|reader| reader.will_wake(context.waker())) {
                stream.reader = Some(context.waker().clone());
            }
            return Read::Wait;
        }
        let Some(event) = self.log.as_ref().and_then(|log| log.get(stream.number, stream.read)) else {
            // The store has lost it. The client will be told so when it comes back.
            while self.list[index].kept_from <= self.list[index].read {
                self.forget_first(index);
            }
            return Read::End;
        };
        stream.read += 1;
        stream.given = stream.given.max(stream.read);
        stream.wake_writer();
        if !is_resumable {
            self.forget_first(index);
        }
        Read::Event(event)
    }

    /// Waits until a task may say the next event.
    pub(super) fn poll_room(&mut self, number: u64, max_events: usize, context: &Context<'_>) -> Poll<()> {
        let Some(stream) = self.find_mut(number) else { return Poll::Ready(()) };
        if stream.finished.is_some() || stream.has_room(max_events) {
            return Poll::Ready(());
        }
        stream.writer = Some(context.waker().clone());
        Poll::Pending
    }

    /// Says that nothing more will be said.
    pub(super) fn finish(&mut self, number: u64, now: Instant) {
        let Some(stream) = self.find_mut(number) else { return };
        stream.finished.get_or_insert(now);
        stream.wake_reader();
        stream.wake_writer();
    }

    /// Ends every stream in good order: readers still get what has been said.
    pub(super) fn finish_all(&mut self, now: Instant) {
        for stream in &mut self.list {
            stream.finished.get_or_insert(now);
            stream.wake_reader();
            stream.wake_writer();
        }
    }

    /// Says that a reader went away, and returns whether it was the one that is served: one whose stream was taken
    /// over changes nothing.
    pub(super) fn detach(&mut self, attached: &Attached, now: Instant) -> bool {
        let Some(stream) = self.find_mut(attached.number) else { return false };
        if stream.generation != attached.generation {
            return false;
        }
        stream.is_attached = false;
        stream.reader = None;
        stream.broke = Some(now);
        stream.wake_writer();
        true
    }

    /// Forgets streams that ended so long ago that nobody will ask for their end, and the oldest of too many.
    pub(super) fn forget_finished(&mut self, grace: Duration, now: Instant) {
        let is_over = |stream: &Stream| stream.finished.is_some() && !stream.is_attached;
        let mut too_many =
            self.list.iter().filter(|stream| is_over(stream)).count().saturating_sub(MAX_FINISHED);
        let mut index = 0;
        while index < self.list.len() {
            let stream = &self.list[index];
            let is_old = stream.finished.is_some_and(|finished| now >= finished + grace);
            // What was never handed out is why a client comes back: it goes with the session, or for want of room.
            let was_read = stream.given == stream.next;
            if is_over(stream) && (too_many > 0 || (is_old && was_read)) {
                too_many = too_many.saturating_sub(1);
                self.remove(index);
            } else {
                index += 1;
            }
        }
    }

    fn own(&mut self) -> &mut Stream {
        if self.list.first().is_none_or(|stream| stream.number != OWN) {
            // Most sessions have no other for most of their time.
            self.list.reserve_exact(1);
            self.list.insert(0, Stream::new(OWN));
        }
        &mut self.list[0]
    }

    fn index(&self, number: u64) -> Option<usize> {
        self.list.binary_search_by_key(&number, |stream| stream.number).ok()
    }

    fn find(&self, number: u64) -> Option<&Stream> {
        self.index(number).map(|index| &self.list[index])
    }

    fn find_mut(&mut self, number: u64) -> Option<&mut Stream> {
        self.index(number).map(|index| &mut self.list[index])
    }

    /// Brings what is kept back within its bounds after something was said on a stream.
    fn trim(&mut self, number: u64, options: &SessionOptions) {
        if let Some(index) = self.index(number) {
            while self.list[index].lengths.len() > options.max_events.max(1) && self.may_forget(index) {
                self.forget_first(index);
            }
        }
        while self.bytes > options.max_event_bytes {
            let Some(index) = self.victim() else { return };
            self.forget_first(index);
        }
    }

    /// Chooses whose oldest event goes: the oldest stream that has nothing more to give; else the one that keeps most,
    /// of those whose oldest event was read; else of those whose reader is away.
    fn victim(&self) -> Option<usize> {
        let keeps = |stream: &Stream| !stream.lengths.is_empty();
        let fattest = |choose: fn(&Stream) -> bool| {
            let candidates = self.list.iter().enumerate();
            let candidates = candidates.filter(|(_, stream)| keeps(stream) && choose(stream));
            candidates.max_by_key(|(_, stream)| stream.bytes).map(|(index, _)| index)
        };
        let done = self.list.iter().position(|stream| keeps(stream) && stream.is_done());
        done.or_else(|| fattest(Stream::has_kept_read)).or_else(|| fattest(|stream| !stream.is_attached))
    }

    fn may_forget(&self, index: usize) -> bool {
        let stream = &self.list[index];
        stream.has_kept_read() || !stream.is_attached
    }

    fn forget_first(&mut self, index: usize) {
        let stream = &mut self.list[index];
        let Some(length) = stream.lengths.pop_front() else { return };
        stream.bytes -= length as usize;
        self.bytes -= length as usize;
        if let Some(log) = &mut self.log {
            log.forget(stream.number, stream.kept_from);
        }
        stream.kept_from += 1;
        if stream.lengths.is_empty() {
            stream.lengths.shrink_to_fit();
        }
    }

    fn remove(&mut self, index: usize) {
        let stream = self.list.remove(index);
        self.bytes -= stream.bytes;
        if let Some(log) = &mut self.log {
            log.forget(stream.number, stream.next - 1);
        }
    }
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
