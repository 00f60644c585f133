//! What a server writes to standard output and should not: banners, logs, lines that are too long.

use std::fmt;
use std::sync::{Arc, Mutex};

/// How much of the first line is kept: enough to know what it is.
const FIRST_CHARS: usize = 200;

/// Lines on standard output that were passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Noise {
    /// How many there were.
    pub lines: u64,
    /// The beginning of the first one.
    pub first: String,
}

impl fmt::Display for Noise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what =
            if self.lines == 1 { "line on standard output was" } else { "lines on standard output were" };
        write!(formatter, "{} {what} not JSON-RPC, the first: {:?}", self.lines, self.first)
    }
}

/// Counts them, over all runs of a server. Cheap to clone; clones are the same count.
#[derive(Clone, Debug, Default)]
pub struct NoiseLog(Arc<Mutex<Option<Noise>>>);

impl NoiseLog {
    pub(crate) fn add(&self, line: &[u8]) {
        let mut noise = self.0.lock().expect("nothing panics while it holds the count");
        let noise = noise.get_or_insert_with(|| {
            let first: String = String::from_utf8_lossy(line).chars().take(FIRST_CHARS).collect();
            tracing::warn!(line = %first.escape_debug(), "a server writes to standard output what is not JSON-RPC");
            Noise { lines: 0, first }
        });
        noise.lines += 1;
    }

    /// Returns what there was; nothing if every line was a message.
    pub fn told(&self) -> Option<Noise> {
        self.0.lock().expect("nothing panics while it holds the count").clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_keeps_the_first() {
        let count = NoiseLog::default();
        assert_eq!(count.told(), None);
        count.add("ready on \u{1b}[32mstdio".as_bytes());
        assert!(count.told().unwrap().to_string().starts_with("1 line on standard output was not JSON-RPC"));
        count.add(&[b'x'; 5000]);
        let noise = count.told().unwrap();
        let expected =
            r#"2 lines on standard output were not JSON-RPC, the first: "ready on \u{1b}[32mstdio""#;
        assert_eq!(noise.to_string(), expected);
    }
}
