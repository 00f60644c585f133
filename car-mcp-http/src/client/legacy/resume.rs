//! Streams that go on after the connection has ended.
//!
//! > If the connection is closed before the answer, the client comes back by GET with `Last-Event-ID`, after the time
//! > that the server's `retry` says, whatever opened the stream.
//!
//! Source: specification 2025-11-25, "Transports", section "Resumability and redelivery" (SEP-1699).

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use car_http::{HeaderMap, HeaderValue, Method, StatusCode};
use car_mcp::transport::{BoxFuture, BoxMessages, Messages, TransportError};
use car_mcp_proto::ProtocolVersion;

use crate::client::exchange::{MediaType, media_type};
use crate::client::messages::SseMessages;
use crate::client::transport::HttpTransport;

/// How long to wait where the server does not say.
const DEFAULT_RETRY: Duration = Duration::from_secs(1);

/// How often in a row a stream is resumed without a message having come.
const MAX_ATTEMPTS: u32 = 10;

/// A stream that comes back after it was cut.
struct ResumingMessages {
    messages: SseMessages,
    /// What a resuming request needs: a transport of its own, since the stream may outlive the call that opened it.
    transport: HttpTransport,
    version: Option<ProtocolVersion>,
    resuming: Option<BoxFuture<'static, Result<car_http::Response, TransportError>>>,
    attempts: u32,
}

impl HttpTransport {
    /// Makes a stream come back after it was cut.
    pub(crate) fn resuming(&self, messages: SseMessages, version: Option<ProtocolVersion>) -> BoxMessages {
        Box::new(ResumingMessages { messages, transport: self.share(), version, resuming: None, attempts: 0 })
    }

    /// Returns a transport for the same session.
    fn share(&self) -> Self {
        let shared = Self {
            client: self.client.clone(),
            target: self.target.clone(),
            base: self.base.clone(),
            credentials: self.credentials.clone(),
            timeouts: self.timeouts.clone(),
            max_body_bytes: self.max_body_bytes,
            allow_pair: self.allow_pair,
            legacy: Default::default(),
        };
        let session = self.legacy.read().expect("nothing panics while it holds the session").session.clone();
        shared.legacy.write().expect("nothing panics while it holds the session").session = session;
        shared
    }
}

impl ResumingMessages {
    /// Begins to come back, if the server has given an id to come back with.
    fn begin(&mut self) -> bool {
        let Some(id) = self.messages.decoder.last_event_id() else { return false };
        let Ok(id) = HeaderValue::from_bytes(id.as_bytes()) else { return false };
        if self.attempts >= MAX_ATTEMPTS {
            return false;
        }
        self.attempts += 1;
        let wait = self.messages.decoder.retry().unwrap_or(DEFAULT_RETRY);
        let transport = self.transport.share();
        let headers: HeaderMap = self.transport.stream_headers(self.version, Some(id));
        self.resuming = Some(Box::pin(async move {
            tokio::time::sleep(wait).await;
            transport.send_authorized(Method::GET, &transport.target, headers, Bytes::new()).await
        }));
        true
    }

    /// Takes the answer to the resuming request.
    fn handle_response(&mut self, response: car_http::Response) -> Result<(), TransportError> {
        match response.status() {
            StatusCode::OK if media_type(response.headers()) == MediaType::EventStream => {
                self.messages.go_on(response.into_body());
                Ok(())
            }
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => Err(refused(status)),
            status if status.is_server_error() => Err(refused(status)),
            // Not even a session that is gone is a reason to send the call again: it may have run.
            status => {
                let source = format!("the server did not let the stream go on (HTTP {status})");
                Err(TransportError::Closed { source: Some(source.into()) })
            }
        }
    }
}

fn refused(status: StatusCode) -> TransportError {
    TransportError::Status { status: status.as_u16(), excerpt: String::new() }
}

/// Tells whether coming back again may help. A stream that the server itself has ended is not asked for twice.
fn may_pass(error: &TransportError) -> bool {
    match error {
        TransportError::Closed { source } => {
            source.as_deref().is_none_or(|source| source.is::<car_http::Error>())
        }
        error => error.is_transient(),
    }
}

impl Messages for ResumingMessages {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        loop {
            if let Some(resuming) = &mut self.resuming {
                let response = std::task::ready!(resuming.as_mut().poll(context));
                self.resuming = None;
                let outcome = response.and_then(|response| self.handle_response(response));
                match outcome {
                    Ok(()) => {}
                    Err(error) if may_pass(&error) && self.begin() => continue,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
            match std::task::ready!(self.messages.poll_message(context)) {
                Some(Ok(message)) => {
                    self.attempts = 0;
                    return Poll::Ready(Some(Ok(message)));
                }
                Some(Err(TransportError::Closed { .. })) | None if self.begin() => {}
                end => return Poll::Ready(end),
            }
        }
    }

    fn finish(self: Box<Self>) {
        Box::new(self.messages).finish();
    }
}
