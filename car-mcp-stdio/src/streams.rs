//! The three streams of a process, each with the loop that serves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use car_mcp::transport::TransportError;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, watch};

use crate::legacy;
use crate::lines::{HEAD_BYTES, Line, Lines};
use crate::oversize::answered_by;
use crate::routes::{Routes, Undelivered};
use crate::running::Shared;
use crate::stderr::StderrWriter;

/// How much is read at once.
const CHUNK_BYTES: usize = 64 * 1024;

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
            self.lines.buffer().reserve(CHUNK_BYTES);
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

/// Keeps what the server says to people.
pub(crate) async fn log(mut stderr: ChildStderr, writer: Arc<StderrWriter>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
        writer.write(&chunk[..length]);
    }
}

/// Writes what waits, one after the other, and closes the input when told to, or when it cannot be written to.
pub(crate) async fn write(
    mut stdin: ChildStdin,
    mut messages: mpsc::Receiver<Bytes>,
    mut closed: watch::Receiver<bool>,
) {
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            _ = closed.wait_for(|closed| *closed), if !messages.is_closed() => {
                messages.close();
                continue;
            }
        };
        let Some(message) = message else { return };
        if let Err(error) = write_line(&mut stdin, &message).await {
            return tracing::debug!(%error, "a server takes no input any more");
        }
    }
}

async fn write_line(stdin: &mut ChildStdin, message: &Bytes) -> std::io::Result<()> {
    stdin.write_all(message).await?;
    stdin.flush().await
}
