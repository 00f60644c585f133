//! What waits to be written: whole lines, in order.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::streams::{CHUNK_BYTES, add_line};

/// How much may wait before nothing more is made: handlers wait, and nothing is read.
const FULL_BYTES: usize = 256 * 1024;

/// Lines that wait for the client to read.
#[derive(Debug, Default)]
pub(super) struct Output {
    lines: Vec<u8>,
    /// How much of them has been written.
    written: usize,
    /// Whether the stream itself may still hold some.
    holds: bool,
}

impl Output {
    /// Adds a message as a line.
    pub(super) fn push(&mut self, message: &[u8]) {
        add_line(&mut self.lines, message);
    }

    pub(super) const fn is_full(&self) -> bool {
        self.lines.len() - self.written >= FULL_BYTES
    }

    /// Returns whether all has left this process.
    pub(super) const fn is_done(&self) -> bool {
        self.lines.is_empty() && !self.holds
    }

    /// Writes some of it, or passes on what the stream holds.
    ///
    /// # Cancel safety
    /// What was written is known, and nothing is written twice.
    pub(super) async fn write(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        if self.lines.is_empty() {
            writer.flush().await?;
            self.holds = false;
            return Ok(());
        }
        let written = writer.write(&self.lines[self.written..]).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.holds = true;
        self.written += written;
        if self.written == self.lines.len() || self.written >= FULL_BYTES {
            self.lines.drain(..self.written);
            self.written = 0;
            // One large message does not hold its memory for good.
            self.lines.shrink_to(CHUNK_BYTES);
        }
        Ok(())
    }
}
