//! The messages of one event stream.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use car_http::Body;
use car_mcp::transport::{Messages, TransportError};

use super::errors::transport_error;
use super::transport::BODY_SETTING;
use crate::sse::SseDecoder;

/// Reads messages from a body that is an event stream.
pub(crate) struct SseMessages {
    body: Body,
    pub(crate) decoder: SseDecoder,
    cap: usize,
}

impl SseMessages {
    pub(crate) fn new(body: Body, cap: usize) -> Self {
        Self { body, decoder: SseDecoder::new(cap), cap }
    }

    /// Goes on with the body of another connection.
    pub(crate) fn go_on(&mut self, body: Body) {
        self.body = body;
        self.decoder.restart();
    }

    /// Returns the next event that has data: a message, or the `endpoint` of the old pair.
    pub(crate) fn poll_event(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<(String, Bytes), TransportError>>> {
        loop {
            match self.decoder.next_event() {
                // An event without data only carries an id, to resume from.
                Ok(Some(event)) if event.data.is_empty() => continue,
                Ok(Some(event)) => return Poll::Ready(Some(Ok((event.kind, event.data)))),
                Ok(None) => {}
                Err(_) => {
                    let error = TransportError::TooLarge { cap: self.cap, setting: BODY_SETTING };
                    return Poll::Ready(Some(Err(error)));
                }
            }
            match ready!(self.body.poll_chunk(context)) {
                Some(Ok(chunk)) => self.decoder.push(chunk),
                Some(Err(error)) => return Poll::Ready(Some(Err(transport_error(error)))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl Messages for SseMessages {
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        loop {
            match ready!(self.poll_event(context)) {
                Some(Ok((kind, data))) if kind.is_empty() || kind == "message" => {
                    return Poll::Ready(Some(Ok(data)));
                }
                // An event of another type is none of the protocol's.
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn finish(self: Box<Self>) {
        self.body.finish();
    }
}
