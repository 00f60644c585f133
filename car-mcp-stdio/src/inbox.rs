//! What has come for one request and was not read yet: the one piece of memory that reader and caller share.
//!
//! A channel for the notes and another for the answer would do, at three times the memory for every call, and most calls
//! have no notes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use car_mcp::transport::TransportError;

/// What the caller takes out.
#[derive(Debug)]
pub(crate) enum Next {
    /// Something that is said before the answer.
    Note(Bytes),
    /// The answer, or what came in its place.
    Answer(Result<Bytes, TransportError>),
    /// Nothing more will come.
    Nothing,
}

/// The inbox of one request.
#[derive(Default)]
pub(crate) struct Inbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    notes: VecDeque<Bytes>,
    answer: Option<Result<Bytes, TransportError>>,
    closed: bool,
    reader: Option<Waker>,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().expect("nothing panics while it holds an inbox")
    }

    /// Adds a note. Returns false if as many as `limit` wait already, and drops it then.
    pub(crate) fn add_note(&self, note: Bytes, limit: usize) -> bool {
        self.change(|waiting| {
            let has_room = waiting.notes.len() < limit;
            if has_room {
                waiting.notes.push_back(note);
            }
            has_room
        })
    }

    /// Puts in the answer.
    pub(crate) fn answer(&self, answer: Result<Bytes, TransportError>) {
        self.change(|waiting| waiting.answer = Some(answer));
    }

    /// Says that nothing more will come. What is there stays.
    pub(crate) fn close(&self) {
        self.change(|waiting| waiting.closed = true);
    }

    fn change<T>(&self, how: impl FnOnce(&mut Waiting) -> T) -> T {
        let mut waiting = self.lock();
        let outcome = how(&mut waiting);
        let reader = waiting.reader.take();
        // Whoever wakes up wants the lock.
        drop(waiting);
        if let Some(reader) = reader {
            reader.wake();
        }
        outcome
    }

    /// Takes out what comes next: the notes, then the answer.
    pub(crate) fn poll_next(&self, context: &Context<'_>) -> Poll<Next> {
        let mut waiting = self.lock();
        if let Some(note) = waiting.notes.pop_front() {
            return Poll::Ready(Next::Note(note));
        }
        if let Some(answer) = waiting.answer.take() {
            waiting.closed = true;
            return Poll::Ready(Next::Answer(answer));
        }
        if waiting.closed {
            return Poll::Ready(Next::Nothing);
        }
        match &mut waiting.reader {
            Some(reader) => reader.clone_from(context.waker()),
            reader => *reader = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}
