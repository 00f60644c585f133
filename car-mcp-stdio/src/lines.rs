//! Bytes into lines, each one message, none larger than the cap.
//!
//! Source: specification 2026-07-28, "Transports", section "stdio": messages are delimited by newlines.

use bytes::{Buf as _, Bytes, BytesMut};

/// How much of a line that is too long is kept, to see whose answer it was.
pub(crate) const HEAD_BYTES: usize = 1024;

/// One line of a server's output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Its text, without the end of the line.
    Text(Bytes),
    /// It is larger than the cap; this is how it begins.
    TooLong(Bytes),
}

/// Cuts a stream into lines. Fill the buffer, then take lines until there are none.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    cap: usize,
    /// How the line begins whose rest is being passed over.
    passing: Option<Bytes>,
}

impl Lines {
    pub(crate) fn new(cap: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, cap, passing: None }
    }

    pub(crate) const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Returns the next whole line. Blank ones are passed over.
    pub(crate) fn next_line(&mut self) -> Option<Line> {
        loop {
            let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                if self.passing.is_some() || self.buffer.len() > self.cap {
                    self.pass_over();
                }
                return None;
            };
            let text = self.buffer.split_to(self.searched + found).freeze();
            self.buffer.advance(1);
            self.searched = 0;
            if let Some(line) = self.whole(text) {
                return Some(line);
            }
        }
    }

    /// Returns the last line, which nothing ended.
    pub(crate) fn last_line(&mut self) -> Option<Line> {
        self.searched = 0;
        let text = self.buffer.split().freeze();
        self.whole(text)
    }

    fn whole(&mut self, text: Bytes) -> Option<Line> {
        if let Some(head) = self.passing.take() {
            return Some(Line::TooLong(head));
        }
        let trimmed = text.trim_ascii();
        match trimmed.len() {
            0 => None,
            length if length > self.cap => {
                Some(Line::TooLong(text.slice_ref(&trimmed[..HEAD_BYTES.min(length)])))
            }
            _ => Some(Line::Text(text.slice_ref(trimmed))),
        }
    }

    /// Keeps how the line begins and lets go of the rest.
    fn pass_over(&mut self) {
        let head = &self.buffer[..HEAD_BYTES.min(self.buffer.len())];
        self.passing.get_or_insert_with(|| Bytes::copy_from_slice(head));
        self.buffer.clear();
        self.searched = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines_of(text: &[u8], cap: usize, chunk: usize) -> Vec<Line> {
        let mut lines = Lines::new(cap);
        let mut found = Vec::new();
        for part in text.chunks(chunk) {
            lines.buffer().extend_from_slice(part);
            found.extend(std::iter::from_fn(|| lines.next_line()));
            assert!(lines.buffer.len() <= cap.max(chunk), "the buffer is bounded");
        }
        found.extend(lines.last_line());
        found
    }

    fn text(line: &str) -> Line {
        Line::Text(Bytes::copy_from_slice(line.as_bytes()))
    }

    #[test]
    fn takes_either_end_of_line_and_no_blank_ones() {
        for chunk in 1..9 {
            assert_eq!(
                lines_of(b"{}\r\n\n \r\n[1]\nlast", 9, chunk),
                [text("{}"), text("[1]"), text("last")]
            );
        }
    }

    #[test]
    fn a_line_over_the_cap_costs_only_itself() {
        let long = format!("a\n{}\nb\n", "x".repeat(3000));
        for chunk in [1, 7, 100, 4000] {
            let found = lines_of(long.as_bytes(), 2000, chunk);
            assert_eq!(found, [text("a"), Line::TooLong(Bytes::from("x".repeat(HEAD_BYTES))), text("b")]);
        }
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(text in "[ab\r\n ]{0,60}", chunk in 1usize..20) {
            prop_assert_eq!(lines_of(text.as_bytes(), 100, chunk), lines_of(text.as_bytes(), 100, 100));
        }
    }
}
