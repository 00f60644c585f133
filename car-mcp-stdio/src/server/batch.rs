//! Batches (revision 2025-03-26 only): requests that came as one array are answered as one.

use std::collections::HashMap;

use bytes::Bytes;

/// How many messages a batch may have: each request in it holds a handler's future.
pub const MAX_BATCH: usize = 256;

/// Names a batch.
pub(super) type BatchId = u64;

/// Batches with requests under way.
#[derive(Debug, Default)]
pub(super) struct Batches {
    open: HashMap<BatchId, Batch>,
    next: BatchId,
}

#[derive(Debug, Default)]
struct Batch {
    /// How many requests have not ended.
    left: usize,
    answers: Vec<Bytes>,
}

impl Batches {
    /// Begins a batch; it is held open until [`Batches::end`] is called once more than [`Batches::add`].
    pub(super) fn begin(&mut self) -> BatchId {
        let id = self.next;
        self.next += 1;
        self.open.insert(id, Batch { left: 1, answers: Vec::new() });
        id
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Counts a request in.
    pub(super) fn add(&mut self, id: BatchId) {
        if let Some(batch) = self.open.get_mut(&id) {
            batch.left += 1;
        }
    }

    /// Takes what a request was answered with, if anything, and returns the text of all answers after the last.
    pub(super) fn end(&mut self, id: BatchId, answer: Option<Bytes>) -> Option<Vec<u8>> {
        let batch = self.open.get_mut(&id)?;
        batch.answers.extend(answer);
        batch.left -= 1;
        if batch.left > 0 {
            return None;
        }
        let answers = self.open.remove(&id)?.answers;
        // A batch of notifications alone is not answered.
        (!answers.is_empty()).then(|| [b"[".as_slice(), &answers.join(&b','), b"]"].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_come_when_the_last_request_has_ended() {
        let mut batches = Batches::default();
        let id = batches.begin();
        batches.add(id);
        batches.add(id);
        assert_eq!(batches.end(id, None), None, "all of it has been read");
        assert_eq!(batches.end(id, Some(Bytes::from("1"))), None);
        assert_eq!(batches.end(id, Some(Bytes::from("2"))).unwrap(), b"[1,2]");
        assert!(batches.is_empty());
    }

    #[test]
    fn a_batch_that_nothing_answers_is_not_answered() {
        let mut batches = Batches::default();
        let id = batches.begin();
        batches.add(id);
        assert_eq!(batches.end(id, None), None);
        assert_eq!(batches.end(id, None), None);
        assert!(batches.is_empty());
    }
}
