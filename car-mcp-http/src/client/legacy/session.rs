//! Sessions: an id that the server gives with the answer to `initialize` and that every later request carries.
//!
//! Source: specification 2025-11-25, "Transports", section "Session management".

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use car_http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use car_mcp::transport::{BoxMessages, Message, MessageKind, TransportError};
use car_mcp_proto::{Era, ProtocolVersion, header as mcp};

use super::pair::Pair;
use crate::client::exchange::{MediaType, media_type};
use crate::client::messages::SseMessages;
use crate::client::transport::HttpTransport;

/// Names the session.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Saying goodbye is a courtesy: a server that does not listen is not waited for.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a legacy server has given.
#[derive(Default)]
pub(crate) struct LegacyState {
    /// The session, where the server keeps one.
    pub(crate) session: Option<HeaderValue>,
    /// The revision, which the goodbye has to say.
    version: Option<ProtocolVersion>,
    /// The two halves of 2024-11-05, where that is what the server speaks.
    pub(crate) pair: Option<Arc<Pair>>,
}

impl HttpTransport {
    /// Returns the session that a message belongs to. The handshake and modern messages belong to none.
    pub(crate) fn session_for(&self, message: &Message<'_>) -> Option<HeaderValue> {
        let legacy = message.version.is_some_and(|version| version.era() == Era::Legacy);
        legacy.then(|| self.session()).flatten()
    }

    fn session(&self) -> Option<HeaderValue> {
        self.legacy.read().expect("nothing panics while it holds the session").session.clone()
    }

    /// Keeps the id that comes with the answer to `initialize`, and with no other.
    pub(crate) fn remember_session(&self, message: &Message<'_>, response: &Response) {
        if !matches!(message.kind, MessageKind::Request { method: "initialize", .. }) {
            if message.version.is_some_and(|version| version.era() == Era::Legacy)
                && matches!(message.kind, MessageKind::Notification { method: "notifications/initialized" })
            {
                self.legacy.write().expect("nothing panics while it holds the session").version =
                    message.version;
            }
            return;
        }
        let id = response.headers().get(&SESSION_ID).filter(|id| {
            // 0x21 to 0x7E, says the specification; anything else cannot be sent back unchanged.
            !id.is_empty() && id.as_bytes().iter().all(|byte| (0x21..=0x7e).contains(byte))
        });
        let mut legacy = self.legacy.write().expect("nothing panics while it holds the session");
        legacy.session = id.cloned();
        // A server that answers here speaks no pair, whatever it spoke before.
        legacy.pair = None;
    }

    /// Opens the stream on which the server sends what belongs to no request.
    pub(crate) async fn open_legacy_stream(
        &self,
        version: ProtocolVersion,
    ) -> Result<Option<BoxMessages>, TransportError> {
        if let Some(pair) = self.pair() {
            return Ok(Some(pair.events()));
        }
        if version == ProtocolVersion::V2024_11_05 {
            return Ok(None);
        }
        let headers = self.stream_headers(Some(version), None);
        let in_session = headers.contains_key(&SESSION_ID);
        let response = self.send_authorized(Method::GET, &self.target, headers, Bytes::new()).await?;
        if response.status() == StatusCode::OK && media_type(response.headers()) == MediaType::EventStream {
            let messages = SseMessages::new(response.into_body(), self.max_body_bytes);
            return Ok(Some(self.resuming(messages, Some(version))));
        }
        // A server need not have this stream; 405 is how it says so, and others are seen.
        let status = response.status();
        if status.is_success() || status == StatusCode::METHOD_NOT_ALLOWED {
            return Ok(None);
        }
        match self.read_failure(status, response, in_session).await {
            Err(error @ TransportError::SessionExpired) => Err(error),
            Err(error @ TransportError::Status { status: 429 | 500..=599, .. }) => Err(error),
            _ => Ok(None),
        }
    }

    /// Returns the headers of a GET.
    pub(crate) fn stream_headers(
        &self,
        version: Option<ProtocolVersion>,
        resume: Option<HeaderValue>,
    ) -> HeaderMap {
        let mut headers = self.base.clone();
        headers.remove(header::CONTENT_TYPE);
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(version) = version.filter(|version| *version >= ProtocolVersion::V2025_06_18) {
            let name = HeaderName::from_static(mcp::PROTOCOL_VERSION);
            headers.insert(name, HeaderValue::from_static(version.as_str()));
        }
        if let Some(session) = self.session() {
            headers.insert(SESSION_ID, session);
        }
        if let Some(id) = resume {
            headers.insert(HeaderName::from_static("last-event-id"), id);
        }
        headers
    }

    /// Ends the session at the server.
    pub(crate) async fn close_legacy(&self) {
        let version = {
            let mut state = self.legacy.write().expect("nothing panics while it holds the session");
            // The end of its stream is all the goodbye that a pair has.
            state.pair = None;
            state.session.is_some().then_some(state.version).flatten()
        };
        if version.is_none() {
            return;
        }
        let headers = self.stream_headers(version, None);
        let goodbye = self.send_authorized(Method::DELETE, &self.target, headers, Bytes::new());
        match tokio::time::timeout(GOODBYE, goodbye).await {
            // 405 says that sessions end by themselves here.
            Ok(Ok(response)) => tracing::debug!(status = %response.status(), "the session has been ended"),
            Ok(Err(error)) => tracing::debug!(%error, "the session could not be ended"),
            Err(_) => tracing::debug!("the server did not answer the goodbye"),
        }
        self.legacy.write().expect("nothing panics while it holds the session").session = None;
    }
}
