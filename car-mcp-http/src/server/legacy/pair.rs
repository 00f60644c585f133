//! The HTTP+SSE pair of 2024-11-05, and streams that begin a session by themselves.
//!
//! ```text
//!  GET  …/sse, the endpoint   ─▶ event "endpoint": where to POST        (pair)
//!  GET  the endpoint          ─▶ event "session": the session's id      (anonymous streams)
//!  POST …/messages?session=…  ─▶ 202; the answer comes on the stream
//! ```
//!
//! Such a session ends with its stream: its client has nothing to come back with.
//!
//! Source: specification 2024-11-05, "Transports", section "HTTP with SSE".

use std::sync::Arc;

use bytes::Bytes;
use car_mcp::server::Caller;
use car_mcp::server::legacy::Conversation;
use http::request::Parts;
use http::{Response, Uri};

use super::session::{Kind, Session};
use super::{Refusal, SESSION_ID, Sessions, unknown_session};
use crate::server::body::ResponseBody;
use crate::server::events::encode_event;
use crate::server::options::LegacyMode;
use crate::server::refusal::refuse_for_now;

/// The last segment of the path to GET.
const STREAM: &str = "sse";

/// The last segment of the path to POST to.
const MESSAGES: &str = "messages";

/// The parameter that names the session there.
const SESSION_PARAMETER: &str = "session";

impl Sessions {
    /// Returns whether a path is one of the two that clients of 2024-11-05 know, beside the endpoint's own.
    pub(crate) fn is_pair_path(&self, own: &str, path: &str) -> bool {
        let (parent, segment) = split(path);
        self.has_pair() && split(own).0 == parent && (segment == STREAM || segment == MESSAGES)
    }

    fn has_pair(&self) -> bool {
        self.shared.mode == LegacyMode::Sessions && self.shared.options.pair
    }

    /// Returns the session whose client was told to POST here; nothing for a POST to the endpoint as such.
    pub(super) fn posted_session(
        &self,
        head: &Parts,
        caller: &Caller,
    ) -> Option<Result<Arc<Session>, Refusal>> {
        let is_ours = self.has_pair() && split(head.uri.path()).1 == MESSAGES;
        let id = is_ours.then(|| session_parameter(&head.uri))??;
        let session = self.shared.table.find(id.as_bytes(), caller);
        Some(session.filter(|session| session.ends_with_its_stream()).ok_or_else(unknown_session))
    }

    /// Answers GET of a client that has no session: it gets one.
    pub(super) fn get_without_session(&self, head: &Parts, caller: &Caller) -> Response<ResponseBody> {
        let shared = &self.shared;
        let conversation = Conversation::begin(&shared.server);
        let session = Session::new(Kind::WithItsStream, caller, conversation, &shared.options, &shared.table);
        let session = Arc::new(session);
        let attached = session.lock().streams.attach_own();
        if !shared.table.insert(&session) {
            return refuse_for_now(None, "expected fewer sessions, found as many as are allowed");
        }
        let id = session.id().to_header();
        // A client of 2024-11-05 expects its event first.
        let endpoint = shared.options.pair.then(|| endpoint_event(&head.uri, &session));
        let announced = shared.options.anonymous_streams.then(|| session_event(&session));
        let opening = [endpoint, announced].into_iter().flatten().collect::<Vec<_>>().concat();
        let mut response = self.read(session, attached, Some(opening.into()));
        if shared.options.anonymous_streams {
            response.headers_mut().insert(SESSION_ID, id);
        }
        response
    }
}

/// Splits a path before its last segment.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn endpoint_event(uri: &Uri, session: &Session) -> Bytes {
    let endpoint =
        format!("{}/{MESSAGES}?{SESSION_PARAMETER}={}", split(uri.path()).0, session.id().as_str());
    encode_event(None, Some("endpoint"), endpoint.as_bytes())
}

fn session_event(session: &Session) -> Bytes {
    let data = format!(r#"{{"sessionId":"{}"}}"#, session.id().as_str());
    encode_event(None, Some("session"), data.as_bytes())
}

fn session_parameter(uri: &Uri) -> Option<&str> {
    let parameters = uri.query()?.split('&').filter_map(|parameter| parameter.split_once('='));
    parameters.into_iter().find(|(name, _)| *name == SESSION_PARAMETER).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_is_read_from_the_query() {
        for (uri, expected) in [
            ("/messages?session=abc", Some("abc")),
            ("/messages?a=b&session=abc&c", Some("abc")),
            ("/messages?session=", Some("")),
            ("/messages?xsession=abc", None),
            ("/messages", None),
        ] {
            assert_eq!(session_parameter(&uri.parse().unwrap()), expected, "{uri}");
        }
    }
}
