//! The loop that reads, steps and writes.

use std::io;

use car_mcp::server::legacy::Feed;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::time::Instant;

use super::StdioServer;
use super::desk::Desk;
use crate::lines::Lines;
use crate::streams::make_room;

/// Serves until the input ends, then until what is under way has ended or the wait is over.
pub(super) async fn serve(
    settings: StdioServer,
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut lines = Lines::new(settings.max_line_bytes);
    let mut desk = Desk::new(settings.server, settings.max_line_bytes);
    // Set when the input has ended.
    let mut deadline: Option<Instant> = None;
    loop {
        if deadline.is_some() && desk.under_way.is_empty() && desk.output.is_done() {
            return Ok(());
        }
        let (is_open, has_room) = (deadline.is_none(), !desk.output.is_full());
        if is_open {
            make_room(lines.buffer());
        }
        tokio::select! {
            written = desk.output.write(&mut writer), if !desk.output.is_done() => written?,
            Some((running, step)) = desk.under_way.next(), if has_room => desk.handle_step(running, step),
            message = next_of(&mut desk.feed), if has_room => match message {
                Some(message) => desk.output.push(&message),
                None => desk.feed = None,
            },
            read = reader.read_buf(lines.buffer()), if is_open && has_room => {
                let has_ended = read? == 0;
                while let Some(line) = lines.next_line() {
                    desk.handle_line(line);
                }
                if has_ended {
                    if let Some(line) = lines.last_line() {
                        desk.handle_line(line);
                    }
                    desk.end_input();
                    deadline = Some(Instant::now() + settings.drain_wait);
                }
            }
            () = over(deadline), if !is_open => break,
        }
    }
    desk.end_all();
    // What was said before is still written, as far as the client takes it.
    while !desk.output.is_done() {
        let writing = tokio::time::timeout(settings.drain_wait, desk.output.write(&mut writer));
        writing.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    }
    Ok(())
}

/// Waits for the next message of a feed; for ever where there is none.
async fn next_of(feed: &mut Option<Feed>) -> Option<bytes::Bytes> {
    match feed {
        Some(feed) => feed.message().await,
        None => std::future::pending().await,
    }
}

async fn over(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
