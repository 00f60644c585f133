//! Server-sent events: how one is written, and a log of them that can be read again from any point.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::sync::watch;

/// Writes one event; JSON never holds a raw line break, so one `data` line is enough.
pub(crate) fn event(id: Option<&str>, data: &Value) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("{id}event: message\ndata: {data}\n\n"))
}

/// Every event of one stream, kept so that a client which lost the connection can go on where it was.
#[derive(Debug)]
pub(crate) struct EventLog {
    name: u64,
    kept: Mutex<Kept>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    events: Vec<Bytes>,
    closed: bool,
}

impl EventLog {
    pub(crate) fn new(name: u64) -> Arc<Self> {
        Arc::new(Self { name, kept: Mutex::default(), changed: watch::Sender::new(()) })
    }

    pub(crate) fn name(&self) -> u64 {
        self.name
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.lock().expect("no panic under the lock").events.len()
    }

    /// Appends a message; its event id is the stream's name and its place, so ids are unique in a session.
    pub(crate) fn push(&self, message: &Value) {
        self.append(|place| event(Some(&format!("{}-{place}", self.name)), message));
    }

    /// Appends the priming event: an id to resume from, the wait before doing so, and no data.
    pub(crate) fn prime(&self, retry_ms: u64) {
        self.append(|place| Bytes::from(format!("id: {}-{place}\nretry: {retry_ms}\ndata:\n\n", self.name)));
    }

    /// Appends bytes as they are.
    pub(crate) fn push_raw(&self, raw: String) {
        self.append(|_place| Bytes::from(raw));
    }

    pub(crate) fn close(&self) {
        self.kept.lock().expect("no panic under the lock").closed = true;
        self.changed.send_replace(());
    }

    /// Reads from `place` on, until the log is closed or `limit` events were read.
    pub(crate) fn read(self: &Arc<Self>, place: usize, limit: usize) -> impl Stream<Item = Bytes> + use<> {
        let start = (Arc::clone(self), self.changed.subscribe(), place, limit);
        stream::unfold(start, |(log, mut changed, place, limit)| async move {
            if limit == 0 {
                return None;
            }
            loop {
                changed.mark_unchanged();
                if let Some(event) = log.at(place)? {
                    return Some((event, (log, changed, place + 1, limit - 1)));
                }
                changed.changed().await.ok()?;
            }
        })
    }

    /// `None`: the log ended before this place. `Some(None)`: the event is still to come.
    fn at(&self, place: usize) -> Option<Option<Bytes>> {
        let kept = self.kept.lock().expect("no panic under the lock");
        match kept.events.get(place) {
            Some(event) => Some(Some(event.clone())),
            None if kept.closed => None,
            None => Some(None),
        }
    }

    fn append(&self, write: impl FnOnce(usize) -> Bytes) {
        let mut kept = self.kept.lock().expect("no panic under the lock");
        let place = kept.events.len();
        kept.events.push(write(place));
        drop(kept);
        self.changed.send_replace(());
    }
}
