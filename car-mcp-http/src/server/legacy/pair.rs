//! The HTTP+SSE pair of 2024-11-05, and streams that begin a session by themselves.
//!
//! ```text
//!  GET  …/sse                 ─▶ event "endpoint": where to POST        (pair)
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
use http::{Response, StatusCode, Uri};

use super::post::{ask, read};
use super::session::{Kind, Session};
use super::stream::OWN;
use super::{SESSION_ID, Sessions, unknown_session};
use crate::server::body::ResponseBody;
use crate::server::events::encode_event;
use crate::server::options::LegacyMode;
use crate::server::refusal::{empty, refuse_for_now, refuse_method};

/// The last segment of the path to POST to.
pub(crate) const MESSAGES: &str = "messages";

/// The parameter that names the session there.
const SESSION_PARAMETER: &str = "session";

impl Sessions {
    /// Answers GET on the path that clients of 2024-11-05 know: begins a session, and says where to POST.
    pub(crate) fn pair_get(&self, head: &Parts, caller: &Caller) -> Response<ResponseBody> {
        if self.shared.mode != LegacyMode::Sessions || !self.shared.options.pair {
            return refuse_method("POST");
        }
        self.begin_with_stream(caller, |session| endpoint_event(&head.uri, session), false)
    }

    /// Answers POST to the address that [`Sessions::pair_get`] gave.
    pub(crate) async fn pair_post(
        &self,
        head: &Parts,
        body: Bytes,
        caller: Caller,
    ) -> Response<ResponseBody> {
        let session = session_parameter(&head.uri)
            .and_then(|id| self.shared.table.find(id.as_bytes(), &caller))
            .filter(|session| session.ends_with_its_stream());
        let Some(session) = session else { return unknown_session() };
        match read(&body).and_then(|post| ask(&session, post, &caller)) {
            Ok(asked) => {
                if let Some(mut asked) = asked {
                    asked.driver.stream = Some(OWN);
                    asked.driver.detach();
                }
                empty(StatusCode::ACCEPTED)
            }
            Err(refusal) => refusal,
        }
    }

    /// Answers GET of a client that has no session.
    pub(super) fn get_without_session(&self, head: &Parts, caller: &Caller) -> Response<ResponseBody> {
        let options = &self.shared.options;
        let opening = |session: &Session| {
            // A client of 2024-11-05 expects its event first.
            let endpoint = options.pair.then(|| endpoint_event(&head.uri, session));
            let announced = options.anonymous_streams.then(|| session_event(session));
            [endpoint, announced].into_iter().flatten().collect::<Vec<_>>().concat().into()
        };
        self.begin_with_stream(caller, opening, options.anonymous_streams)
    }

    fn begin_with_stream(
        &self,
        caller: &Caller,
        opening: impl FnOnce(&Session) -> Bytes,
        tells_id: bool,
    ) -> Response<ResponseBody> {
        let shared = &self.shared;
        let conversation = Conversation::begin(&shared.server);
        let session = Session::new(Kind::WithItsStream, caller, conversation, &shared.options, &shared.table);
        let session = Arc::new(session);
        let attached = session.lock().streams.attach_own();
        if !shared.table.insert(&session) {
            return refuse_for_now(None, "expected fewer sessions, found as many as are allowed");
        }
        let id = session.id().to_header();
        let opening = opening(&session);
        let mut response = self.read(session, attached, Some(opening));
        if tells_id {
            response.headers_mut().insert(SESSION_ID, id);
        }
        response
    }
}

fn endpoint_event(uri: &Uri, session: &Session) -> Bytes {
    let parent = uri.path().rsplit_once('/').map_or("", |(parent, _)| parent);
    let endpoint = format!("{parent}/{MESSAGES}?{SESSION_PARAMETER}={}", session.id().as_str());
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
