//! The body of an answer: nothing, one text, or a stream of events.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::capacity::Place;

/// Events on their way out, each already written as `id:`, `event:` and `data:` lines with a blank line after them.
///
/// Dropping it says that nobody reads any more.
pub(crate) trait EventSource: Send {
    /// Returns the next piece of the stream, or nothing at its end.
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

/// The body of an answer.
pub struct ResponseBody(Kind);

enum Kind {
    Full(Option<Bytes>),
    /// With the place that the stream takes among those that may be open.
    Events(Box<dyn EventSource>, Option<Place>),
}

impl ResponseBody {
    /// Returns a body with nothing in it.
    pub const fn empty() -> Self {
        Self(Kind::Full(None))
    }

    /// Returns a body of one text.
    pub fn full(text: impl Into<Bytes>) -> Self {
        Self(Kind::Full(Some(text.into())))
    }

    pub(crate) fn events(source: impl EventSource + 'static) -> Self {
        Self(Kind::Events(Box::new(source), None))
    }

    pub(crate) const fn is_stream(&self) -> bool {
        matches!(self.0, Kind::Events(..))
    }

    /// Keeps a place for as long as the stream lasts.
    pub(crate) fn hold(&mut self, place: Place) {
        if let Kind::Events(_, held) = &mut self.0 {
            *held = Some(place);
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.0 {
            Kind::Full(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Kind::Events(source, _) => {
                source.poll_event(context).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Kind::Events(..) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Full(text) => write!(formatter, "Full({} bytes)", text.as_ref().map_or(0, Bytes::len)),
            Kind::Events(..) => formatter.write_str("Events"),
        }
    }
}
