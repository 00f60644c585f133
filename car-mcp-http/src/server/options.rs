//! What can be set of a server, each with its default and the reason for it.

use std::sync::Arc;
use std::time::Duration;

use super::store::{EventStore, MemoryStore};

/// How legacy clients are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LegacyMode {
    /// With sessions: streams, questions to the client, changes told.
    #[default]
    Sessions,
    /// Without: each request stands alone, the client cannot be asked or told anything. For servers of which many
    /// run behind one address.
    Stateless,
    /// Not at all.
    Off,
}

/// How modern requests are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answers {
    /// By one JSON body, unless the request has something to say before its answer or takes long.
    #[default]
    ByNeed,
    /// By an event stream, wherever the client takes one.
    AlwaysStream,
}

/// The limits of legacy sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionOptions {
    /// How long a session lives without a request or an open stream. Half an hour.
    pub idle: Duration,
    /// How long a session lives after its own stream broke without a goodbye, if nothing is heard of the client and
    /// nothing is under way for it. As long as two keep-alives, half a minute: a client that lost its connection comes
    /// back within seconds, one that was killed never does. Streams of requests that are over are kept as long.
    pub grace: Duration,
    /// How many sessions there are at once; one more is refused with 503. 10,000.
    pub max_sessions: usize,
    /// How many events of one stream are kept for a client that comes back. 1,024.
    pub max_events: usize,
    /// How many bytes of events one session keeps, over all its streams. 4 MiB.
    pub max_event_bytes: usize,
    /// Where events are kept for a client that comes back. In memory.
    pub store: Arc<dyn EventStore>,
    /// How many requests one session has under way; one more is refused with 429. 256.
    pub max_requests: usize,
    /// What a stream tells a client to wait before it comes back (`retry`). One second.
    pub retry: Duration,
    /// Serve the pair of GET and POST endpoints of the oldest revision beside. Off: deprecated since the second.
    pub pair: bool,
    /// Give a client that opens GET without a session one of its own and tell it in the first event. Off: no revision
    /// has it, only clients of the described system expect it.
    pub anonymous_streams: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30 * 60),
            grace: Duration::from_secs(30),
            max_sessions: 10_000,
            max_events: 1_024,
            max_event_bytes: 4 << 20,
            store: Arc::new(MemoryStore),
            max_requests: 256,
            retry: Duration::from_secs(1),
            pair: false,
            anonymous_streams: false,
        }
    }
}

/// The limits of the service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceLimits {
    /// How large a body may be; a larger one is refused with 413. 4 MiB.
    pub max_body_bytes: usize,
    /// How long a body may take to arrive. 30 s.
    pub body_timeout: Duration,
    /// How many requests are under way at once, open streams apart; one more is refused with 503. 4,096.
    pub max_requests: usize,
    /// How many streams are open at once; one more is refused with 503. 20,000.
    pub max_streams: usize,
    /// How long a modern request may take in all; then it is dropped and answered with an error (-32603). Streams of
    /// changes may last. None: long work is the client's to give up.
    pub request_timeout: Option<Duration>,
    /// How often an open stream carries a comment, so that no proxy takes it for dead and a client that vanished is
    /// found out. 15 s.
    pub keep_alive: Duration,
}

impl Default for ServiceLimits {
    fn default() -> Self {
        Self {
            max_body_bytes: 4 << 20,
            body_timeout: Duration::from_secs(30),
            max_requests: 4_096,
            max_streams: 20_000,
            request_timeout: None,
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// The limits of connections.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionLimits {
    /// How many connections there are at once. One more waits in the system's own queue until another ends, which costs
    /// nothing here. 16,384.
    pub max_connections: usize,
    /// How long a connection may be without a request, be it that none was begun or that the head of one does not end.
    /// 30 s.
    pub idle: Duration,
    /// How long a client may take nothing of what is written to it; then the connection is cut. 60 s.
    pub write_stall: Duration,
    /// How many headers a request may have; with more it is refused with 431. 100.
    pub max_headers: usize,
    /// How many bytes the head of a request may have, all its headers together; with more it is refused with 431.
    /// 64 KiB.
    pub max_header_bytes: usize,
    /// How many requests one HTTP/2 connection has under way. 256.
    pub max_http2_streams: u32,
    /// How often an HTTP/2 connection is asked whether it is still there, and how long it may take to say so. 20 s.
    pub http2_ping: Duration,
    /// How long requests that are under way may take once the server is told to end. 10 s.
    pub grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            idle: Duration::from_secs(30),
            write_stall: Duration::from_secs(60),
            max_headers: 100,
            max_header_bytes: 64 << 10,
            max_http2_streams: 256,
            http2_ping: Duration::from_secs(20),
            grace: Duration::from_secs(10),
        }
    }
}
