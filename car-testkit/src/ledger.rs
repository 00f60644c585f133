//! What reached a server: connections, requests, methods, headers. Tests assert on it, above all that nothing came.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many requests are remembered in full. Enough for any test, and a soak run does not grow.
const REMEMBERED: usize = 4_096;

/// One HTTP request as it arrived.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Seen {
    /// The HTTP method.
    pub http_method: http::Method,
    /// The path, without the query.
    pub path: String,
    /// The JSON-RPC method, when the body had one.
    pub rpc_method: Option<String>,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The body, as text.
    pub body: String,
}

impl Seen {
    /// Returns the `Authorization` header.
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok())
    }
}

/// Counts of what a server saw since it was first started; a restart does not reset them.
#[derive(Debug, Default)]
pub struct Ledger {
    connections: AtomicU64,
    requests: AtomicU64,
    cancelled: AtomicU64,
    methods: Mutex<BTreeMap<String, u64>>,
    seen: Mutex<VecDeque<Seen>>,
}

impl Ledger {
    /// Returns how many TCP connections were accepted.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// Returns how many HTTP requests arrived.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Returns how many calls the client gave up: by closing the stream, or by `notifications/cancelled`.
    pub fn cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Returns how many messages named this JSON-RPC method.
    pub fn method(&self, method: &str) -> u64 {
        self.methods.lock().expect("no panic under the lock").get(method).copied().unwrap_or(0)
    }

    /// Returns the requests remembered, oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic under the lock").iter().cloned().collect()
    }

    pub(crate) fn note_connection(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn note_cancelled(&self) {
        self.cancelled.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn note_request(&self, seen: Seen) {
        self.requests.fetch_add(1, Ordering::SeqCst);
        if let Some(method) = &seen.rpc_method {
            *self.methods.lock().expect("no panic under the lock").entry(method.clone()).or_default() += 1;
        }
        let mut all = self.seen.lock().expect("no panic under the lock");
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(seen);
    }
}
