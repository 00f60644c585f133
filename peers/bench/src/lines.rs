//! The server over standard streams: prebuilt answers, both eras, one write for all that one read brought.

use std::io::{Read as _, Write as _};

use crate::Failure;
use crate::answers::{Answers, Asked};

/// How much is read at once: what a pipe holds.
const CHUNK_BYTES: usize = 64 * 1024;

/// Answers until its input ends.
pub(crate) fn serve() -> Result<(), Failure> {
    let answers = Answers::build();
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = input.read(&mut chunk)?;
        if length == 0 {
            return Ok(());
        }
        asked.extend_from_slice(&chunk[..length]);
        let mut start = 0;
        while let Some(end) = memchr::memchr(b'\n', &asked[start..]) {
            let line: Asked<'_> = serde_json::from_slice(&asked[start..start + end])?;
            answers.add_line(&line, &mut answered);
            start += end + 1;
        }
        asked.drain(..start);
        output.write_all(&answered)?;
        // The last byte is an end of line, so nothing stays in the standard library's line buffer.
        answered.clear();
    }
}
