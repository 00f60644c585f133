//! Server-sent events, decoded as they arrive.
//!
//! ```text
//!  chunk ─▶ lines (LF, CR, CRLF, split anywhere) ─▶ fields ─▶ event at the blank line
//! ```
//!
//! An event whose one `data` line lies within one chunk, which is the usual one, is a slice of that chunk: nothing is
//! copied.
//!
//! Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream".

use std::time::Duration;

use bytes::Bytes;

/// The mark that may stand before the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The longest time for which a server's `retry` is believed: a server cannot silence a client for longer.
pub const MAX_RETRY: Duration = Duration::from_secs(5 * 60);

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SseEvent {
    /// Its type; empty means `message`.
    pub kind: String,
    /// Its data, lines joined by LF.
    pub data: Bytes,
}

/// Says that an event is larger than the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing more to say about it")]
pub struct EventTooLarge;

/// Decodes a stream of events.
#[derive(Debug)]
pub struct SseDecoder {
    /// The chunk that is being read, from where it has been read to.
    chunk: Bytes,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_return: bool,
    first_line: bool,
    kind: String,
    data: Data,
    last_event_id: Option<String>,
    next_id: Option<String>,
    retry: Option<Duration>,
    cap: usize,
}

/// The data of an event, as far as it has come.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    /// One line, still where it arrived.
    Line(Bytes),
    /// Several lines, joined.
    Joined(Vec<u8>),
}

impl SseDecoder {
    /// Returns a decoder that refuses events larger than `cap` bytes.
    pub fn new(cap: usize) -> Self {
        Self {
            chunk: Bytes::new(),
            partial: Vec::new(),
            after_return: false,
            first_line: true,
            kind: String::new(),
            data: Data::None,
            last_event_id: None,
            next_id: None,
            retry: None,
            cap,
        }
    }

    /// Returns the id of the last event that was dispatched, with which a stream is resumed.
    pub fn last_event_id(&self) -> Option<&str> {
        self.last_event_id.as_deref().filter(|id| !id.is_empty())
    }

    /// Returns how long the server wants a client to wait before it comes back.
    pub const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Forgets what was half read: the connection is another one now. The last id and `retry` stay.
    pub fn restart(&mut self) {
        let (id, retry) = (self.last_event_id.take(), self.retry);
        *self = Self { last_event_id: id, retry, ..Self::new(self.cap) };
    }

    /// Takes a chunk. Everything of the chunk before must have been read by [`SseDecoder::next_event`].
    pub fn push(&mut self, chunk: Bytes) {
        debug_assert!(self.chunk.is_empty(), "the chunk before has not been read to its end");
        self.chunk = chunk;
    }

    /// Returns the next event of what has come, or nothing when more has to come first.
    ///
    /// # Errors
    /// Says that an event is larger than the cap.
    pub fn next_event(&mut self) -> Result<Option<SseEvent>, EventTooLarge> {
        while let Some(line) = self.next_line()? {
            if let Some(event) = self.handle_line(line)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, EventTooLarge> {
        if self.after_return && !self.chunk.is_empty() {
            self.after_return = false;
            if self.chunk[0] == b'\n' {
                drop(self.chunk.split_to(1));
            }
        }
        let Some(end) = memchr::memchr2(b'\n', b'\r', &self.chunk) else {
            self.partial.extend_from_slice(&self.chunk);
            self.chunk = Bytes::new();
            return self.within(self.partial.len()).map(|()| None);
        };
        let mut line = self.chunk.split_to(end);
        self.after_return = self.chunk.split_to(1)[0] == b'\r';
        if !self.partial.is_empty() {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(&line);
            line = Bytes::from(whole);
        }
        if std::mem::take(&mut self.first_line) && line.starts_with(BYTE_ORDER_MARK) {
            drop(line.split_to(BYTE_ORDER_MARK.len()));
        }
        self.within(line.len()).map(|()| Some(line))
    }

    fn handle_line(&mut self, line: Bytes) -> Result<Option<SseEvent>, EventTooLarge> {
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let colon = memchr::memchr(b':', &line);
        let (name, value) = match colon {
            Some(0) => return Ok(None), // a comment
            Some(at) => {
                let start = at + 1 + usize::from(line.get(at + 1) == Some(&b' '));
                (&line[..at], line.slice(start..))
            }
            None => (&line[..], Bytes::new()),
        };
        match name {
            b"data" => self.append(value)?,
            b"event" => self.kind = String::from_utf8_lossy(&value).into_owned(),
            b"id" if !value.contains(&0) => self.next_id = Some(String::from_utf8_lossy(&value).into_owned()),
            b"retry" => self.retry = milliseconds(&value).or(self.retry),
            _ => {}
        }
        Ok(None)
    }

    fn append(&mut self, line: Bytes) -> Result<(), EventTooLarge> {
        let mut joined = match std::mem::take(&mut self.data) {
            Data::None => {
                self.data = Data::Line(line);
                return Ok(());
            }
            Data::Line(first) => Vec::from(first),
            Data::Joined(joined) => joined,
        };
        joined.push(b'\n');
        joined.extend_from_slice(&line);
        self.within(joined.len())?;
        self.data = Data::Joined(joined);
        Ok(())
    }

    fn dispatch(&mut self) -> Option<SseEvent> {
        if let Some(id) = self.next_id.take() {
            self.last_event_id = Some(id);
        }
        let kind = std::mem::take(&mut self.kind);
        match std::mem::take(&mut self.data) {
            Data::None => None,
            Data::Line(data) => Some(SseEvent { kind, data }),
            Data::Joined(data) => Some(SseEvent { kind, data: Bytes::from(data) }),
        }
    }

    const fn within(&self, length: usize) -> Result<(), EventTooLarge> {
        match length <= self.cap {
            true => Ok(()),
            false => Err(EventTooLarge),
        }
    }
}

fn milliseconds(value: &[u8]) -> Option<Duration> {
    let digits = std::str::from_utf8(value).ok()?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than a number can hold are still digits: as long as we wait at all.
    Some(digits.parse().map_or(MAX_RETRY, Duration::from_millis).min(MAX_RETRY))
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
