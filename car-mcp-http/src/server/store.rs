//! Where a session keeps the events of its streams for a client that comes back.
//!
//! How much is kept is decided by the session ([`SessionOptions`](super::options::SessionOptions)); a store only holds
//! it. The store that is used unless another is set holds events in memory.
//!
//! Source: specification 2025-11-25, "Transports", section "Resumability and redelivery".

use std::collections::{HashMap, VecDeque};
use std::fmt;

use bytes::Bytes;

/// Makes a log for each session.
pub trait EventStore: fmt::Debug + Send + Sync {
    /// Opens the empty log of a new session. It is called when the session's first event is kept.
    fn open(&self) -> Box<dyn EventLog>;
}

/// The events of one session. Dropping it says that the session is gone.
///
/// It is called with the session's lock held, from whatever task has something to say, so it must not block for long.
pub trait EventLog: fmt::Debug + Send {
    /// Keeps an event as it stands on the wire. A stream's events come in order; sequence numbers begin at 1 and have
    /// no gaps.
    fn push(&mut self, stream: u64, sequence: u64, event: Bytes);

    /// Returns an event that was kept and not forgotten, or nothing where it has been lost: then the client is told
    /// that its stream cannot go on.
    fn get(&self, stream: u64, sequence: u64) -> Option<Bytes>;

    /// Forgets the events of a stream up to and with this one.
    fn forget(&mut self, stream: u64, sequence: u64);
}

/// Keeps events in memory.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MemoryStore;

impl EventStore for MemoryStore {
    fn open(&self) -> Box<dyn EventLog> {
        Box::new(MemoryLog::default())
    }
}

/// The streams that keep something. One that keeps nothing has no entry.
#[derive(Debug, Default)]
struct MemoryLog(HashMap<u64, Kept>);

#[derive(Debug)]
struct Kept {
    /// The sequence number of the first event.
    first: u64,
    events: VecDeque<Bytes>,
}

impl EventLog for MemoryLog {
    fn push(&mut self, stream: u64, sequence: u64, event: Bytes) {
        let kept = self.0.entry(stream).or_insert_with(|| Kept { first: sequence, events: VecDeque::new() });
        kept.events.push_back(event);
    }

    fn get(&self, stream: u64, sequence: u64) -> Option<Bytes> {
        let kept = self.0.get(&stream)?;
        let index = usize::try_from(sequence.checked_sub(kept.first)?).ok()?;
        kept.events.get(index).cloned()
    }

    fn forget(&mut self, stream: u64, sequence: u64) {
        let Some(kept) = self.0.get_mut(&stream) else { return };
        while kept.first <= sequence && kept.events.pop_front().is_some() {
            kept.first += 1;
        }
        if kept.events.is_empty() {
            self.0.remove(&stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_can_be_read_and_what_is_forgotten_cannot() {
        let mut log = MemoryStore.open();
        for sequence in 1..=3 {
            log.push(7, sequence, Bytes::from(sequence.to_string()));
        }
        log.push(8, 1, Bytes::from_static(b"other"));
        log.forget(7, 1);
        assert_eq!(log.get(7, 1), None);
        assert_eq!(log.get(7, 2).unwrap(), "2");
        assert_eq!(log.get(7, 3).unwrap(), "3");
        assert_eq!(log.get(7, 4), None);
        assert_eq!(log.get(9, 1), None);
        assert_eq!(log.get(8, 1).unwrap(), "other");
    }

    #[test]
    fn a_stream_of_which_everything_is_forgotten_takes_no_room_and_goes_on() {
        let mut log = MemoryLog::default();
        log.push(7, 1, Bytes::from_static(b"a"));
        log.push(7, 2, Bytes::from_static(b"b"));
        log.forget(7, 2);
        assert!(log.0.is_empty());
        log.push(7, 3, Bytes::from_static(b"c"));
        assert_eq!(log.get(7, 3).unwrap(), "c");
        assert_eq!(log.get(7, 2), None);
    }
}
