//! One message over HTTP: its headers, and what status and content type make of the answer.
//!
//! ```text
//!  2xx application/json ─▶ Body        202, 204 ─▶ Accepted     401, 403 + challenge ─▶ Credentials, once more
//!  2xx text/event-stream ─▶ Stream     other 2xx ─▶ Unexpected  404 in a session     ─▶ SessionExpired
//!                                                               other with JSON-RPC  ─▶ Body;  else Status
//! ```

use bytes::Bytes;
use car_http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Target, header};
use car_mcp::transport::{Message, MessageKind, Reply, TransportError};
use car_mcp_proto::header as mcp;
use car_mcp_proto::rpc::Incoming;
use car_mcp_proto::{Era, ProtocolVersion};
use serde::de::IgnoredAny;

use super::errors::transport_error;
use super::messages::SseMessages;
use super::transport::HttpTransport;
use crate::credentials::{Challenge, MAX_ROUNDS};

/// How much of an error's body is read: enough for any JSON-RPC error, and a page of HTML need not be read to its end.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// How much of a body that is not MCP is shown.
const EXCERPT_CHARS: usize = 200;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static(mcp::PROTOCOL_VERSION);
const METHOD: HeaderName = HeaderName::from_static(mcp::METHOD);
const NAME: HeaderName = HeaderName::from_static(mcp::NAME);

impl HttpTransport {
    pub(crate) async fn send_message(&self, message: Message<'_>) -> Result<Reply, TransportError> {
        // A handshake finds out anew which transport the server speaks, while calls still wait on the old one.
        let legacy = message.version.is_some_and(|version| version.era() == Era::Legacy);
        if let Some(pair) = self.pair().filter(|_| legacy) {
            return Box::pin(self.send_to_pair(&pair, &message)).await;
        }
        let sent_session = self.session_for(&message);
        let mut headers = self.headers_of(&message)?;
        if let Some(session) = &sent_session {
            headers.insert(super::legacy::SESSION_ID, session.clone());
        }
        let response =
            self.send_authorized(Method::POST, &self.target, headers, message.body.clone()).await?;
        let status = response.status();
        if status.is_success() {
            self.remember_session(&message, &response);
            return self.read_success(&message, response).await;
        }
        // What is rare is boxed, here and below: a future is as large as its largest branch, and every call moves it.
        match Box::pin(self.read_failure(status, response, sent_session.is_some())).await {
            Err(TransportError::Status { status, excerpt }) => {
                Box::pin(self.try_pair(&message, TransportError::Status { status, excerpt })).await
            }
            outcome => outcome,
        }
    }

    /// Sends a request with credentials, and again as long as they can be made better.
    pub(crate) async fn send_authorized(
        &self,
        method: Method,
        target: &Target,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, TransportError> {
        let mut request = Request::new(method, target.clone());
        request.headers = headers;
        request.body = body;
        request.timeouts = Some(self.timeouts.clone());
        let Some(credentials) = &self.credentials else {
            let response = self.client.send(request).await.map_err(transport_error)?;
            return match challenge_of(&response) {
                None => Ok(response),
                Some(challenge) => Err(unauthorized(challenge)),
            };
        };
        let mut round = 0;
        loop {
            let mut attempt = request.clone();
            let proof = credentials.prove(attempt.method.as_str(), target.url().as_str()).await?;
            attempt.headers.extend(proof.headers.into_iter().map(|(name, value)| (Some(name), value)));
            let response = self.client.send(attempt).await.map_err(transport_error)?;
            let Some(mut challenge) = challenge_of(&response) else {
                credentials.answered(response.headers());
                return Ok(response);
            };
            (challenge.generation, challenge.round) = (proof.generation, round);
            round += 1;
            if round == MAX_ROUNDS || !credentials.challenged(&challenge).await? {
                return Err(unauthorized(challenge));
            }
        }
    }

    fn headers_of(&self, message: &Message<'_>) -> Result<HeaderMap, TransportError> {
        let mut headers = self.base.clone();
        if let Some(version) = message.version.filter(|version| *version >= ProtocolVersion::V2025_06_18) {
            headers.insert(PROTOCOL_VERSION, HeaderValue::from_static(version.as_str()));
        }
        if message.version.is_none_or(|version| version.era() == Era::Legacy) {
            return Ok(headers);
        }
        match message.kind {
            MessageKind::Request { method, name, .. } => {
                headers.insert(METHOD, value_of(method)?);
                if let Some(name) = name {
                    headers.insert(NAME, value_of(&mcp::encode(name))?);
                }
            }
            MessageKind::Notification { method } => {
                headers.insert(METHOD, value_of(method)?);
            }
            MessageKind::Response => {}
        }
        for (name, value) in message.param_headers {
            let name =
                HeaderName::try_from(name.as_str()).map_err(|error| misconfigured(error.to_string()))?;
            headers.insert(name, value_of(value)?);
        }
        Ok(headers)
    }

    pub(crate) async fn read_success(
        &self,
        message: &Message<'_>,
        response: Response,
    ) -> Result<Reply, TransportError> {
        let wants_answer = matches!(message.kind, MessageKind::Request { .. });
        if !wants_answer || matches!(response.status(), StatusCode::ACCEPTED | StatusCode::NO_CONTENT) {
            return finish(response).await;
        }
        match media_type(response.headers()) {
            MediaType::EventStream => {
                let messages = SseMessages::new(response.into_body(), self.max_body_bytes);
                let legacy = message.version.is_none_or(|version| version.era() == Era::Legacy);
                Ok(Reply::Stream(match legacy {
                    true => self.resuming(messages, message.version),
                    false => Box::new(messages),
                }))
            }
            MediaType::Json => {
                let body =
                    response.into_body().collect(self.max_body_bytes).await.map_err(transport_error)?;
                Ok(Reply::Body(body))
            }
            MediaType::Other(found) => {
                let body =
                    response.into_body().collect(self.max_body_bytes).await.map_err(transport_error)?;
                // Some servers forget to say what they send; what looks like JSON is read as JSON.
                match body.trim_ascii_start().first() {
                    Some(b'{' | b'[') => Ok(Reply::Body(body)),
                    _ => Err(TransportError::Unexpected {
                        expected: "application/json or text/event-stream",
                        found: format!("{found}: {:?}", excerpt(&body)),
                    }),
                }
            }
        }
    }

    pub(crate) async fn read_failure(
        &self,
        status: StatusCode,
        response: Response,
        in_session: bool,
    ) -> Result<Reply, TransportError> {
        if status == StatusCode::NOT_FOUND && in_session {
            return Err(TransportError::SessionExpired);
        }
        let body = response.into_body().collect(MAX_ERROR_BYTES).await.unwrap_or_default();
        let may_be_gone = in_session && status == StatusCode::BAD_REQUEST;
        match serde_json::from_slice::<Incoming<'_, IgnoredAny>>(&body) {
            Ok(Incoming::Error { error, .. }) if may_be_gone && speaks_of_a_session(&error.message) => {
                Err(TransportError::SessionExpired)
            }
            Ok(Incoming::Error { .. }) => Ok(Reply::Body(body)),
            _ => match excerpt(&body) {
                text if may_be_gone && speaks_of_a_session(&text) => Err(TransportError::SessionExpired),
                excerpt => Err(TransportError::Status { status: status.as_u16(), excerpt }),
            },
        }
    }
}

/// Tells whether a refusal is about the session. Seen in the wild: 400 instead of 404 for a session that the server
/// does not know, as JSON-RPC or as plain text ("No valid session ID provided", "Server not initialized").
fn speaks_of_a_session(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("session") || text.contains("not initialized")
}

/// Reads what is left of an answer that says nothing, so that its connection can serve again.
async fn finish(response: Response) -> Result<Reply, TransportError> {
    if media_type(response.headers()) != MediaType::EventStream {
        // Whether it can be read does not matter: the message was taken.
        drop(response.into_body().collect(MAX_ERROR_BYTES).await);
    }
    Ok(Reply::Accepted)
}

fn unauthorized(challenge: Challenge) -> TransportError {
    TransportError::Unauthorized { status: challenge.status, challenges: challenge.values }
}

fn challenge_of(response: &Response) -> Option<Challenge> {
    let status = response.status();
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return None;
    }
    let values: Vec<String> = response
        .headers()
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let challenged =
        status == StatusCode::UNAUTHORIZED || (status == StatusCode::FORBIDDEN && !values.is_empty());
    challenged.then(|| Challenge {
        status: status.as_u16(),
        values,
        headers: response.headers().clone(),
        generation: 0,
        round: 0,
    })
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Json,
    EventStream,
    Other(String),
}

pub(crate) fn media_type(headers: &HeaderMap) -> MediaType {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return MediaType::Other("no content type".to_owned());
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        MediaType::Json
    } else if essence.eq_ignore_ascii_case("text/event-stream") {
        MediaType::EventStream
    } else {
        MediaType::Other(essence.to_owned())
    }
}

pub(crate) fn value_of(text: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::try_from(text).map_err(|error| misconfigured(error.to_string()))
}

fn misconfigured(reason: String) -> TransportError {
    TransportError::Misconfigured { source: reason.into() }
}

/// Returns the beginning of a body as text on one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT_CHARS * 4)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(EXCERPT_CHARS).collect()
}
