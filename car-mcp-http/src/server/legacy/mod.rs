//! Legacy clients: sessions, streams that can be resumed, the stream for what belongs to no request.
//!
//! ```text
//!  POST ─▶ post ─▶ Table ─▶ Session ─▶ Conversation ─▶ Exchange ─▶ Driver ─┬─▶ one JSON body
//!                             │                                            └─▶ Reader ─▶ event stream
//!                             └─▶ Streams: what was said, numbered ◀── Driver, when the client is gone
//!  GET  ─▶ get  ─▶ Session ─▶ Reader: the rest of one stream, or the session's own
//! ```
//!
//! The stream of a request is written where its client reads it, and each event is kept until it is too old or too
//! much to be asked for. So a client that lost its connection gets what it missed, of that stream and no other.
//!
//! Source: specification 2025-11-25, "Transports", section "Streamable HTTP".

mod answer;
pub(super) mod batch;
mod driver;
mod get;
mod id;
mod pair;
mod post;
mod reader;
mod session;
mod stream;
mod streams;
mod table;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_mcp::proto::header::PROTOCOL_VERSION;
use car_mcp::proto::{Era, ProtocolVersion};
use car_mcp::server::{Caller, Server};
use http::request::Parts;
use http::{HeaderName, Response, StatusCode};
use tokio::time::Instant;

use self::session::Session;
use self::table::Table;
use super::body::ResponseBody;
use super::options::{LegacyMode, ServiceLimits, SessionOptions};
use super::refusal::{empty, refuse_method, refuse_unread};

/// Names the session.
pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Names the revision. It is read once: reading a name costs more than looking it up.
const VERSION: HeaderName = HeaderName::from_static(PROTOCOL_VERSION);

/// The answer to a request that is not served.
type Refusal = Box<Response<ResponseBody>>;

/// Every session of a service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    server: Server,
    mode: LegacyMode,
    options: Arc<SessionOptions>,
    keep_alive: Duration,
    /// How long requests may take.
    timeout: Option<Duration>,
    table: Arc<Table>,
    /// Whether a stream is begun without waiting for something to put on it.
    streams_at_once: bool,
}

impl Sessions {
    pub(crate) fn new(
        server: Server,
        mode: LegacyMode,
        options: SessionOptions,
        limits: &ServiceLimits,
        streams_at_once: bool,
    ) -> Self {
        let table = Table::new(options.max_sessions, options.grace.min(options.idle));
        let shared = Shared {
            server,
            mode,
            options: Arc::new(options),
            keep_alive: limits.keep_alive,
            timeout: limits.request_timeout,
            table: Arc::new(table),
            streams_at_once,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Answers DELETE: ends a session.
    pub(crate) fn delete(&self, head: &Parts, caller: &Caller) -> Response<ResponseBody> {
        if self.shared.mode != LegacyMode::Sessions {
            return refuse_method("POST");
        }
        let session = match self.check_version(head).and_then(|_| self.session(head, caller)) {
            Ok(session) => session,
            Err(refusal) => return *refusal,
        };
        self.shared.table.remove(session.id());
        session.end();
        empty(StatusCode::NO_CONTENT)
    }

    /// Puts a message on a session's own stream, and returns whether there is somebody to read it: the stream is open,
    /// or broke so lately that its client may still come back for the message. A client that does not keep up, so that
    /// as much as is kept of a stream waits for it, counts as nobody.
    pub(crate) fn push(&self, session: &str, message: Bytes) -> bool {
        let Some(session) = self.shared.table.find_any(session.as_bytes()) else { return false };
        session.lock().streams.push(&message, session.options(), Instant::now())
    }

    /// Returns how many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.shared.table.len()
    }

    /// Ends every session: open streams end in good order.
    pub(crate) fn close(&self) {
        for session in self.shared.table.take_all() {
            session.end();
        }
    }

    /// Reads the header that names the revision. A client is free to name another than was agreed on, as long as it is
    /// one that is spoken here: what was agreed on is what counts.
    fn check_version(&self, head: &Parts) -> Result<Option<ProtocolVersion>, Refusal> {
        let mut values = head.headers.get_all(VERSION).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let version = value.to_str().ok().and_then(ProtocolVersion::from_wire);
        let is_spoken = |version: &ProtocolVersion| {
            version.era() == Era::Legacy && self.shared.server.versions().contains(version)
        };
        match version.filter(is_spoken) {
            Some(version) if values.next().is_none() => Ok(Some(version)),
            _ => {
                let spoken = self.shared.server.versions().iter().map(|version| version.as_str());
                let spoken = spoken.collect::<Vec<_>>().join(", ");
                let message = format!("expected one of {spoken} in MCP-Protocol-Version, found another");
                Err(Box::new(refuse_unread(StatusCode::BAD_REQUEST, message)))
            }
        }
    }

    /// Finds the session that a request names. That of somebody else is as unknown as one that never was.
    fn session(&self, head: &Parts, caller: &Caller) -> Result<Arc<Session>, Refusal> {
        let mut values = head.headers.get_all(SESSION_ID).iter();
        let (Some(id), None) = (values.next(), values.next()) else {
            let message = "expected one Mcp-Session-Id, as it was given with the answer to initialize";
            return Err(Box::new(refuse_unread(StatusCode::BAD_REQUEST, message)));
        };
        self.shared.table.find(id.as_bytes(), caller).ok_or_else(unknown_session)
    }
}

fn unknown_session() -> Refusal {
    let message = "the session is unknown or over; begin a new one with initialize";
    Box::new(refuse_unread(StatusCode::NOT_FOUND, message))
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::driver::Driver;
    use super::reader::Reader;
    use super::session::Session;
    use super::stream::Stream;
    use crate::server::events::KeepAlive;

    /// What a session with an open stream takes here while nothing is said: itself, its stream, the stream's end at
    /// the connection and what tells it of changes.
    #[test]
    fn an_idle_session_is_small() {
        let parts =
            [size_of::<Session>(), size_of::<Stream>(), size_of::<KeepAlive<Reader>>(), size_of::<Driver>()];
        assert!(parts.iter().sum::<usize>() <= 1_024, "{parts:?}");
    }
}
