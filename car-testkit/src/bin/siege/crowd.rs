//! Many sessions that come, stay a moment, and are killed.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::legacy::open_stream;
use crate::memory::resident_kib;
use crate::wire::{Server, read_answer};

/// How long the server may take to notice that everybody is gone.
const PATIENCE: Duration = Duration::from_secs(120);

/// How far the size after the last round may be from that after the first.
const TOLERANCE: f64 = 0.05;

pub(crate) async fn run(server: &Server, pid: u32, sessions: usize, rounds: usize) -> io::Result<ExitCode> {
    let mut after = Vec::new();
    for round in 0..rounds {
        let before = resident_kib(pid)?;
        let mut streams = Vec::with_capacity(sessions);
        for _ in 0..sessions {
            streams.push(open_stream(server).await?);
        }
        let full = resident_kib(pid)?;
        // No goodbye: every connection is reset, as when the client is killed.
        for stream in streams {
            stream.set_zero_linger()?;
        }
        let gone = until_empty(server).await?;
        let left = resident_kib(pid)?;
        let each = full.saturating_sub(before) as f64 / sessions as f64;
        println!(
            "round {round}: {before} KiB before, {full} KiB with {sessions} sessions ({each:.1} KiB each), \
             {left} KiB {gone:.1?} after the last was gone"
        );
        after.push(left as f64);
    }
    let (Some(first), Some(last)) = (after.first(), after.last()) else { return Ok(ExitCode::SUCCESS) };
    let change = last / first - 1.0;
    println!("from the first round to the last the size changed by {:+.1} %", change * 100.0);
    Ok(if change <= TOLERANCE { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until the server says that it has no session any more.
async fn until_empty(server: &Server) -> io::Result<Duration> {
    let start = std::time::Instant::now();
    let request = format!("GET {}/health HTTP/1.1\r\nHost: {}\r\n\r\n", server.path, server.address);
    while start.elapsed() < PATIENCE {
        let mut stream = server.connect().await?;
        stream.write_all(request.as_bytes()).await?;
        let (_, body) = read_answer(&mut stream).await?;
        let health: serde_json::Value = serde_json::from_slice(&body)?;
        if health["sessions"] == 0 {
            return Ok(start.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(io::Error::other("the server still has sessions of clients that are gone"))
}
