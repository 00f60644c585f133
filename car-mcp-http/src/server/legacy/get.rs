//! Streams that clients open: the session's own, and the rest of one that was cut.
//!
//! > The server may use `Last-Event-ID` to replay messages that would have been sent after the last event id, on the
//! > stream that was disconnected, and must not replay messages that would have been delivered on a different stream.
//!
//! Source: specification 2025-11-25, "Transports", sections "Listening for messages from the server" and
//! "Resumability and redelivery".

use std::sync::Arc;

use bytes::Bytes;
use car_mcp::server::Caller;
use http::request::Parts;
use http::{HeaderName, Response, StatusCode};

use super::answer::priming;
use super::driver::Driver;
use super::id::EventId;
use super::reader::Reader;
use super::session::Session;
use super::stream::{Attached, OWN};
use super::streams::Lost;
use super::{Refusal, SESSION_ID, Sessions, unknown_session};
use crate::server::body::ResponseBody;
use crate::server::events::{KeepAlive, event_stream};
use crate::server::options::LegacyMode;
use crate::server::refusal::{refuse_method, refuse_unread};

/// Names the event that a client got last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl Sessions {
    /// Answers GET: opens or resumes a stream. The newest reader of a stream takes it over; an older one ends.
    pub(crate) fn get(&self, head: &Parts, caller: Caller) -> Response<ResponseBody> {
        if self.shared.mode != LegacyMode::Sessions {
            return refuse_method("POST");
        }
        if let Err(refusal) = self.check_version(head) {
            return *refusal;
        }
        let options = &self.shared.options;
        if !head.headers.contains_key(SESSION_ID) && (options.pair || options.anonymous_streams) {
            return self.get_without_session(head, &caller);
        }
        match self.open(head, &caller) {
            Ok(response) => response,
            Err(refusal) => *refusal,
        }
    }

    fn open(&self, head: &Parts, caller: &Caller) -> Result<Response<ResponseBody>, Refusal> {
        let session = self.session(head, caller)?;
        session.touch(tokio::time::Instant::now());
        let last = last_event_id(head)?;
        let attached = attach(&session, last)?;
        let opening = priming(&session, attached.last);
        Ok(self.read(session, attached, opening))
    }

    /// Writes a stream to a connection.
    pub(super) fn read(
        &self,
        session: Arc<Session>,
        attached: Attached,
        opening: Option<Bytes>,
    ) -> Response<ResponseBody> {
        let driver = (attached.number == OWN).then(|| Driver::feed(&session));
        let reader = Reader::new(session, attached, opening, driver);
        event_stream(KeepAlive::new(reader, self.shared.keep_alive))
    }
}

/// Reads the id of the event that a client got last; nothing where it comes for the first time.
fn last_event_id(head: &Parts) -> Result<Option<EventId>, Refusal> {
    match head.headers.get(LAST_EVENT_ID) {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) => EventId::from_wire(value.as_bytes()).map(Some).ok_or_else(|| lost(Lost::NeverGiven)),
    }
}

fn attach(session: &Session, last: Option<EventId>) -> Result<Attached, Refusal> {
    let mut state = session.lock();
    if state.is_ended() {
        return Err(unknown_session());
    }
    match last {
        None => Ok(state.streams.attach_own()),
        Some(last) => state.streams.resume(last).map_err(lost),
    }
}

/// Says why a stream does not go on: an error is better than a gap that nobody sees.
fn lost(why: Lost) -> Refusal {
    let (status, message) = match why {
        Lost::NeverGiven => {
            (StatusCode::BAD_REQUEST, "expected the id of an event of this session, found another")
        }
        Lost::Forgotten => (StatusCode::GONE, "what came after this event is no longer kept"),
    };
    Box::new(refuse_unread(status, message))
}
