//! Events of a stream, as they stand on the wire, and the comments that keep a quiet stream alive.
//!
//! Source: WHATWG HTML, "Server-sent events", section 9.2.5, "Parsing an event stream".

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};
use memchr::memchr2;
use tokio::time::{Instant, Sleep};

use super::body::{EventSource, ResponseBody};

/// The kind of the events that carry a message.
pub(crate) const MESSAGE: &str = "message";

/// Asks proxies not to hold a stream back. Known to nginx, and to those that took it from there.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Writes one event. `id` and `kind` hold no line ends. A line end in `data` becomes a space: what is sent is JSON, where
/// that means the same, and there are clients that read the first line of an event's data only.
pub(crate) fn encode_event(id: Option<&str>, kind: Option<&str>, data: &[u8]) -> Bytes {
    let names = id.map_or(0, str::len) + kind.map_or(0, str::len);
    // Room for "id: ", "event: ", "data: ", their line ends and the blank line.
    let mut event = BytesMut::with_capacity(names + data.len() + 24);
    for (field, value) in [("id: ", id), ("event: ", kind)] {
        if let Some(value) = value {
            event.put_slice(field.as_bytes());
            event.put_slice(value.as_bytes());
            event.put_u8(b'\n');
        }
    }
    event.put_slice(b"data: ");
    let mut rest = data;
    while let Some(end) = memchr2(b'\r', b'\n', rest) {
        event.put_slice(&rest[..end]);
        event.put_u8(b' ');
        rest = &rest[end + 1..];
    }
    event.put_slice(rest);
    event.put_u8(b'\n');
    event.put_u8(b'\n');
    event.freeze()
}

/// Returns a line that readers ignore.
pub(crate) const fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// Returns the answer whose body is a stream.
pub(crate) fn event_stream(source: impl EventSource + 'static) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::events(source));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// A stream that says a comment whenever it has been quiet for a while. Its timer is armed when it is quiet first.
pub(crate) struct KeepAlive<S> {
    source: S,
    every: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// Something was said since the timer was set.
    has_spoken: bool,
}

impl<S: EventSource> KeepAlive<S> {
    pub(crate) const fn new(source: S, every: Duration) -> Self {
        Self { source, every, timer: None, has_spoken: false }
    }
}

impl<S: EventSource> EventSource for KeepAlive<S> {
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Poll::Ready(event) = self.source.poll_event(context) {
            self.has_spoken = true;
            return Poll::Ready(event);
        }
        let every = self.every;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(every)));
        if std::mem::take(&mut self.has_spoken) {
            timer.as_mut().reset(Instant::now() + every);
        }
        ready!(timer.as_mut().poll(context));
        self.has_spoken = true;
        Poll::Ready(Some(comment()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[test]
    fn an_event_has_its_id_its_kind_and_one_line_of_data() {
        let cases: [(Option<&str>, Option<&str>, &str, &str); 6] = [
            (None, None, "{}", "data: {}\n\n"),
            (Some("3-1"), Some("message"), "{}", "id: 3-1\nevent: message\ndata: {}\n\n"),
            (Some("3-0"), None, "", "id: 3-0\ndata: \n\n"),
            (None, None, "[1,\n2]", "data: [1, 2]\n\n"),
            (None, None, "[\r\n1\r]\n", "data: [  1 ] \n\n"),
            (None, None, "\n\nid: 9", "data:   id: 9\n\n"),
        ];
        for (id, kind, data, expected) in cases {
            assert_eq!(encode_event(id, kind, data.as_bytes()), expected);
        }
    }

    /// Says each of its events when its time has come, and ends.
    struct Timed(Vec<(Pin<Box<Sleep>>, Bytes)>);

    impl EventSource for Timed {
        fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
            let Some((when, event)) = self.0.first_mut() else { return Poll::Ready(None) };
            ready!(when.as_mut().poll(context));
            let event = event.clone();
            drop(self.0.remove(0));
            Poll::Ready(Some(event))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quiet_stream_says_a_comment_and_a_busy_one_does_not() {
        let at = |seconds| Box::pin(tokio::time::sleep(Duration::from_secs(seconds)));
        let event = |text: &'static str| Bytes::from_static(text.as_bytes());
        let events = vec![(at(0), event("a")), (at(10), event("b")), (at(42), event("c"))];
        let mut stream = KeepAlive::new(Timed(events), Duration::from_secs(15));
        let started = Instant::now();
        let mut seen = Vec::new();
        while let Some(event) = poll_fn(|context| stream.poll_event(context)).await {
            seen.push((started.elapsed().as_secs(), String::from_utf8(event.to_vec()).unwrap()));
        }
        let expected = [(0, "a"), (10, "b"), (25, ":\n\n"), (40, ":\n\n"), (42, "c")];
        assert_eq!(seen, expected.map(|(at, text)| (at, text.to_owned())));
    }
}
