//! What a server writes to standard error: the end of it, kept for people.
//!
//! It is read whether or not anybody looks, so that a server never waits for a reader. It says nothing of how the
//! server fares: many write there whatever they do.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

/// How much of the end is told as a server's last words.
const LAST_WORDS_CHARS: usize = 400;

/// The end of a server's standard error, over all its runs. Cheap to clone; clones are the same log.
#[derive(Clone)]
pub struct StderrLog {
    ring: Arc<Mutex<Ring>>,
    /// How many bytes have come in all.
    total: watch::Receiver<u64>,
}

struct Ring {
    bytes: VecDeque<u8>,
    cap: usize,
    total: u64,
}

/// Writes the log; there is one for each transport.
pub(crate) struct StderrWriter {
    ring: Arc<Mutex<Ring>>,
    total: watch::Sender<u64>,
}

impl StderrWriter {
    pub(crate) fn new(cap: usize) -> Self {
        let ring = Ring { bytes: VecDeque::new(), cap, total: 0 };
        Self { ring: Arc::new(Mutex::new(ring)), total: watch::Sender::new(0) }
    }

    pub(crate) fn log(&self) -> StderrLog {
        StderrLog { ring: Arc::clone(&self.ring), total: self.total.subscribe() }
    }

    pub(crate) fn write(&self, bytes: &[u8]) {
        let total = lock(&self.ring).push(bytes);
        self.total.send_replace(total);
    }
}

impl Ring {
    fn push(&mut self, bytes: &[u8]) -> u64 {
        let kept = &bytes[bytes.len().saturating_sub(self.cap)..];
        let over = (self.bytes.len() + kept.len()).saturating_sub(self.cap);
        self.bytes.drain(..over);
        self.bytes.extend(kept);
        self.total += bytes.len() as u64;
        self.total
    }

    /// Returns what came after the first `seen` bytes, and how many of those are not kept any more.
    fn since(&self, seen: u64) -> (Vec<u8>, u64) {
        let begin = self.total - self.bytes.len() as u64;
        let missed = begin.saturating_sub(seen);
        let from = usize::try_from(seen.saturating_sub(begin)).unwrap_or(self.bytes.len());
        (self.bytes.iter().skip(from).copied().collect(), missed)
    }
}

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    ring.lock().expect("nothing panics while it holds the log")
}

impl StderrLog {
    /// Returns what is kept, as text. What is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        let (bytes, _) = lock(&self.ring).since(0);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns how many bytes have been written in all.
    pub fn written(&self) -> u64 {
        lock(&self.ring).total
    }

    /// Follows the log from here on. What is kept already can be had with [`StderrLog::text`].
    pub fn follow(&self) -> Follower {
        Follower { log: self.clone(), seen: self.written() }
    }

    /// Returns in one line the end of what came after the first `seen` bytes.
    pub(crate) fn last_words(&self, seen: u64) -> String {
        let (bytes, _) = lock(&self.ring).since(seen);
        let text = String::from_utf8_lossy(&bytes);
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let over = line.chars().count().saturating_sub(LAST_WORDS_CHARS);
        line.chars().skip(over).filter(|character| !character.is_control()).collect()
    }
}

impl fmt::Debug for StderrLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StderrLog({} bytes in all)", self.written())
    }
}

/// Reads a log as it grows.
#[derive(Debug)]
pub struct Follower {
    log: StderrLog,
    seen: u64,
}

impl Follower {
    /// Waits for more and returns all of it, with the number of bytes before it that came too fast to be kept;
    /// nothing once the transport is gone.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<(Vec<u8>, u64)> {
        let seen = self.seen;
        let came = self.log.total.wait_for(|total| *total > seen).await.map(|total| *total);
        if came.is_err() && self.log.written() == seen {
            return None;
        }
        let (bytes, missed) = {
            let ring = lock(&self.log.ring);
            self.seen = ring.total;
            ring.since(seen)
        };
        Some((bytes, missed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end() {
        let writer = StderrWriter::new(8);
        let log = writer.log();
        for (bytes, text) in [("abc", "abc"), ("defghi", "bcdefghi"), ("0123456789", "23456789")] {
            writer.write(bytes.as_bytes());
            assert_eq!(log.text(), text);
        }
        assert_eq!(log.written(), 19);
    }

    #[test]
    fn last_words_are_one_short_line() {
        let writer = StderrWriter::new(4096);
        writer.write(b"of an earlier run");
        let seen = writer.log().written();
        writer.write(b"no key\n");
        assert_eq!(writer.log().last_words(seen), "no key");
        writer.write(format!("{}\nError:\r\n  no \u{7}key\n", "x".repeat(1000)).as_bytes());
        let words = writer.log().last_words(0);
        assert!(words.ends_with("x Error: no key"), "{words}");
        assert!(words.chars().count() <= LAST_WORDS_CHARS);
    }

    #[tokio::test]
    async fn a_follower_gets_all_that_is_kept_and_knows_what_it_missed() {
        let writer = StderrWriter::new(4);
        writer.write(b"before");
        let mut follower = writer.log().follow();
        writer.write(b"ab");
        assert_eq!(follower.next().await, Some((b"ab".to_vec(), 0)));
        writer.write(b"cdef");
        writer.write(b"gh");
        assert_eq!(follower.next().await, Some((b"efgh".to_vec(), 2)));
        writer.write(b"z");
        drop(writer);
        assert_eq!(follower.next().await, Some((b"z".to_vec(), 0)));
        assert_eq!(follower.next().await, None);
    }
}
