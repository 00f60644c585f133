//! Connections that wait for their next call.
//!
//! No task looks after them: what is too old is thrown away when somebody comes by.

use crate::{
    http1::Http1,
    http2::Http2,
    target::{Origin, OriginHasher},
};
use std::{
    collections::HashMap,
    hash::BuildHasherDefault,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Idle connections by origin. The lock is held to push and to pop, never across an `await`.
pub(crate) struct Pool {
    origins: Mutex<Origins>,
    idle_timeout: Duration,
    max_idle: usize,
}

type Origins = HashMap<Origin, Connections, BuildHasherDefault<OriginHasher>>;

#[derive(Default)]
struct Connections {
    /// The most recently used last, which is the next one taken: the rest can grow old and go.
    #[expect(clippy::vec_box, reason = "the same box goes in and out at every call; its content is large")]
    http1: Vec<Box<Http1>>,
    http2: Option<Http2>,
}

/// A connection that is ready for a call.
pub(crate) enum Connection {
    Http1(Box<Http1>),
    Http2(Http2),
}

impl Pool {
    pub(crate) fn new(idle_timeout: Duration, max_idle: usize) -> Self {
        Self { origins: Mutex::default(), idle_timeout, max_idle }
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Takes a connection out, or a handle to the shared one.
    pub(crate) fn take(&self, origin: &Origin, now: Instant) -> Option<Connection> {
        let mut origins = self.lock();
        let connections = origins.get_mut(origin)?;
        if let Some(shared) = &connections.http2 {
            if !shared.is_closed() {
                return Some(Connection::Http2(shared.clone()));
            }
            connections.http2 = None;
        }
        let fresh = |since| now.duration_since(since) < self.idle_timeout;
        while let Some(mut newest) = connections.http1.pop_if(|newest| newest.idle_since.is_none_or(fresh)) {
            // A server that ended or was restarted has closed it meanwhile: the socket knows, if it is asked.
            if newest.is_reusable() {
                return Some(Connection::Http1(newest));
            }
        }
        // The newest is too old, and so are all others. They are closed after the lock is released.
        let expired = std::mem::take(&mut connections.http1);
        drop(origins);
        drop(expired);
        None
    }

    /// Puts a connection back after its call.
    pub(crate) fn put(&self, origin: &Origin, mut connection: Box<Http1>) {
        if self.max_idle == 0 {
            return;
        }
        let now = Instant::now();
        connection.idle_since = Some(now);
        let mut origins = self.lock();
        if !origins.contains_key(origin) {
            origins.insert(origin.clone(), Connections::default());
        }
        let Some(connections) = origins.get_mut(origin) else { return };
        let oldest = connections.http1.first().and_then(|oldest| oldest.idle_since);
        let surplus = connections.http1.len() >= self.max_idle;
        let expired = oldest.is_some_and(|since| now.duration_since(since) >= self.idle_timeout);
        let removed = (surplus || expired).then(|| connections.http1.remove(0));
        connections.http1.push(connection);
        drop(origins);
        drop(removed);
    }

    /// Shares an HTTP/2 connection. The first one stays, if several were made at the same moment.
    pub(crate) fn share(&self, origin: &Origin, connection: &Http2) {
        let mut origins = self.lock();
        let shared = &mut origins.entry(origin.clone()).or_default().http2;
        if shared.as_ref().is_none_or(Http2::is_closed) {
            *shared = Some(connection.clone());
        }
    }

    /// Forgets an HTTP/2 connection that takes no more requests.
    pub(crate) fn forget(&self, origin: &Origin, connection: &Http2) {
        let mut origins = self.lock();
        if let Some(connections) = origins.get_mut(origin)
            && connections.http2.as_ref().is_some_and(|shared| shared.is_same(connection))
        {
            connections.http2 = None;
        }
    }

    /// Closes everything that is idle. A shared connection closes when its last call ends.
    pub(crate) fn clear(&self) {
        let removed = std::mem::take(&mut *self.lock());
        drop(removed);
    }

    fn lock(&self) -> MutexGuard<'_, Origins> {
        // Nothing in here panics half-way through a change.
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
