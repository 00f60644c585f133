//! Reading a file of the log from its end.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use super::chain::LONGEST_LINE;

/// How much is read at once: some hundred records.
const CHUNK: u64 = 64 * 1024;

/// The whole lines of a file, the last one first. What follows the last newline is being written, and is left out.
pub(super) struct BackLines {
    file: File,
    /// Where in the file the buffer begins.
    start: u64,
    buffer: Vec<u8>,
    /// How much of the buffer has not been returned yet; a newline is its last byte.
    left: usize,
    /// Whether the end of a line that is too long was thrown away.
    is_cut: bool,
}

/// A line without its newline, or that there was one that is too long to be a record.
pub(super) enum Line {
    Whole(Vec<u8>),
    TooLong,
}

impl BackLines {
    /// Opens a file, and returns where its last whole line ends.
    pub(super) fn open(path: &Path) -> io::Result<(Self, u64)> {
        let mut file = File::open(path)?;
        let start = file.seek(SeekFrom::End(0))?;
        let mut lines = Self { file, start, buffer: Vec::new(), left: 0, is_cut: false };
        loop {
            if let Some(newline) = lines.buffer.iter().rposition(|byte| *byte == b'\n') {
                lines.left = newline + 1;
                let end = lines.start + lines.left as u64;
                return Ok((lines, end));
            }
            lines.buffer.clear();
            lines.left = 0;
            if lines.load()? == 0 {
                return Ok((lines, 0));
            }
        }
    }

    /// Returns the line before those that were returned.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let unseen = &self.buffer[..self.left.saturating_sub(1)];
            if let Some(newline) = unseen.iter().rposition(|byte| *byte == b'\n') {
                return Ok(Some(self.take(newline + 1)));
            }
            if self.start == 0 {
                return Ok((self.left > 0 || self.is_cut).then(|| self.take(0)));
            }
            if self.left as u64 > LONGEST_LINE {
                self.left = 0;
                self.is_cut = true;
            }
            self.load()?;
        }
    }

    /// Takes what is left from here on. Only a newline at the very end of the rest is known to be there.
    fn take(&mut self, from: usize) -> Line {
        let mut line = self.buffer[from..self.left].to_vec();
        self.left = from;
        if std::mem::take(&mut self.is_cut) {
            return Line::TooLong;
        }
        line.pop();
        Line::Whole(line)
    }

    /// Puts what comes before it in front of what is left, and returns how much that was.
    fn load(&mut self) -> io::Result<u64> {
        let length = self.start.min(CHUNK);
        self.start -= length;
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut buffer = Vec::new();
        (&self.file).take(length).read_to_end(&mut buffer)?;
        if buffer.len() as u64 != length {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
        }
        buffer.extend_from_slice(&self.buffer[..self.left]);
        self.left = buffer.len();
        self.buffer = buffer;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn lines(content: &[u8]) -> (Vec<String>, u64) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let (mut reader, end) = BackLines::open(file.path()).unwrap();
        let mut found = Vec::new();
        while let Some(line) = reader.next().unwrap() {
            found.push(match line {
                Line::Whole(line) => String::from_utf8(line).unwrap(),
                Line::TooLong => "too long".to_owned(),
            });
        }
        (found, end)
    }

    #[test]
    fn whole_lines_come_from_the_last_to_the_first() {
        for (content, expected, end) in [
            ("", &[][..], 0),
            ("torn", &[], 0),
            ("\n", &[""], 1),
            ("a\n", &["a"], 2),
            ("a\nbc\n", &["bc", "a"], 5),
            ("a\n\nbc\ntorn", &["bc", "", "a"], 6),
        ] {
            let (found, at) = lines(content.as_bytes());
            assert_eq!(
                (&*found, at),
                (&*expected.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>(), end)
            );
        }
    }

    #[test]
    fn lines_over_many_chunks_are_whole_and_those_past_the_bound_are_told() {
        let many: Vec<String> = (0..30_000).map(|number| format!("line {number}")).collect();
        let (mut found, _) = lines(format!("{}\n", many.join("\n")).as_bytes());
        found.reverse();
        assert_eq!(found, many);
        let long = "x".repeat(usize::try_from(CHUNK).unwrap() * 2 + 7);
        assert_eq!(lines(format!("a\n{long}\nb\n").as_bytes()).0, ["b", &long, "a"]);
        let endless = "x".repeat(usize::try_from(LONGEST_LINE).unwrap() * 3);
        assert_eq!(lines(format!("a\n{endless}\nb\n").as_bytes()).0, ["b", "too long", "a"]);
        assert_eq!(lines(format!("{endless}\nb\n").as_bytes()).0, ["b", "too long"]);
        assert_eq!(lines(format!("a\n{endless}").as_bytes()), (vec!["a".to_owned()], 2));
    }
}
