//! The three streams of a process, each with the loop that serves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use car_mcp::transport::TransportError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, watch};

use crate::legacy;
use crate::lines::{HEAD_BYTES, Line, Lines};
use crate::oversize::answered_by;
use crate::routes::{Routes, Undelivered};
use crate::running::{Shared, WAITING_TO_BE_WRITTEN};
use crate::stderr::StderrWriter;

/// How much is read at once.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;

/// Reads what the server says and hands it out.
pub(crate) struct Reader {
    pub(crate) lines: Lines,
    pub(crate) routes: Arc<Routes>,
    pub(crate) shared: Shared,
    pub(crate) initialized: Arc<AtomicBool>,
    pub(crate) outgoing: mpsc::Sender<Bytes>,
}

impl Reader {
    pub(crate) async fn read(mut self, mut stdout: ChildStdout) {
        loop {
            make_room(self.lines.buffer());
            let read = stdout.read_buf(self.lines.buffer()).await;
            while let Some(line) = self.lines.next_line() {
                self.handle_line(line);
            }
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "a server's output cannot be read");
                    break;
                }
            }
        }
        if let Some(line) = self.lines.last_line() {
            self.handle_line(line);
        }
    }

    fn handle_line(&self, line: Line) {
        match line {
            Line::Text(text) => match self.routes.deliver(text) {
                Ok(()) => {}
                // The caller is told at once that its answer is malformed.
                Err(Undelivered::Noise(text)) => self.settle(&text, Ok(text.clone())),
                Err(Undelivered::Nobody(text)) => self.answer_ping(&text),
            },
            Line::TooLong(head) => {
                let error =
                    TransportError::TooLarge { cap: self.shared.max_line_bytes, setting: "max_line_bytes" };
                self.settle(&head, Err(error));
            }
        }
    }

    /// Gives a line that is no message to the request that it was meant for, if its beginning tells.
    fn settle(&self, line: &[u8], answer: Result<Bytes, TransportError>) {
        let head = &line[..line.len().min(HEAD_BYTES)];
        if !answered_by(head).is_some_and(|id| self.routes.settle(&id, answer)) {
            self.shared.noise.add(line);
        }
    }

    /// Modern servers ask nothing, and must not be sent answers.
    fn answer_ping(&self, text: &[u8]) {
        if !self.initialized.load(Ordering::Acquire) {
            return;
        }
        if let Some(Err(error)) = legacy::pong(text).map(|answer| self.outgoing.try_send(answer)) {
            tracing::debug!(%error, "a ping could not be answered");
        }
    }
}

/// Sees to it that a read finds room. The memory of answers that somebody still holds cannot be used again, so while there
/// is enough of it, small answers share one chunk instead of having one each.
pub(crate) fn make_room(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < CHUNK_BYTES / 4 {
        buffer.reserve(CHUNK_BYTES);
    }
}

/// Keeps what the server says to people.
pub(crate) async fn log(mut stderr: ChildStderr, writer: Arc<StderrWriter>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
        writer.write(&chunk[..length]);
    }
}

/// Writes what waits, all of it at once, and closes the input when told to, or when it cannot be written to.
///
/// Many small writes would cost a call of the operating system each, and wake the server for each.
pub(crate) async fn write(
    mut stdin: ChildStdin,
    mut messages: mpsc::Receiver<Bytes>,
    mut closed: watch::Receiver<bool>,
) {
    let (mut waiting, mut lines) = (Vec::new(), Vec::new());
    loop {
        let count = tokio::select! {
            biased;
            count = messages.recv_many(&mut waiting, WAITING_TO_BE_WRITTEN) => count,
            _ = closed.wait_for(|closed| *closed), if !messages.is_closed() => {
                messages.close();
                continue;
            }
        };
        if count == 0 {
            return;
        }
        for message in waiting.drain(..) {
            add_line(&mut lines, &message);
            // What is large is not gathered: it would cost memory and gain nothing.
            if lines.len() >= CHUNK_BYTES
                && let Err(error) = write_lines(&mut stdin, &mut lines).await
            {
                return tracing::debug!(%error, "a server takes no input any more");
            }
        }
        if let Err(error) = write_lines(&mut stdin, &mut lines).await {
            return tracing::debug!(%error, "a server takes no input any more");
        }
    }
}

/// Adds a message with its end of line. A line end within it can only be between two tokens, where a blank does as well.
pub(crate) fn add_line(lines: &mut Vec<u8>, message: &[u8]) {
    let start = lines.len();
    lines.extend_from_slice(message);
    if memchr::memchr2(b'\n', b'\r', message).is_some() {
        lines[start..]
            .iter_mut()
            .filter(|byte| matches!(**byte, b'\n' | b'\r'))
            .for_each(|byte| *byte = b' ');
    }
    lines.push(b'\n');
}

async fn write_lines(stdin: &mut ChildStdin, lines: &mut Vec<u8>) -> std::io::Result<()> {
    stdin.write_all(lines).await?;
    stdin.flush().await?;
    lines.clear();
    // One large message does not hold its memory for good.
    lines.shrink_to(CHUNK_BYTES);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_after_those_before_it() {
        let mut lines = Vec::new();
        add_line(&mut lines, b"{\"a\":\n\r\n \"x\\ny\"}");
        add_line(&mut lines, b"{}");
        assert_eq!(lines, b"{\"a\":    \"x\\ny\"}\n{}\n");
    }
}
