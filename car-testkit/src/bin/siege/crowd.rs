//! Many sessions that come, stay a moment, and are killed.

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;

use crate::legacy::open_stream;
use crate::memory::resident_kib;
use crate::wire::{Server, read_answer};

/// How long the server may take to notice that everybody is gone.
const PATIENCE: Duration = Duration::from_secs(120);

/// For how long a size must have stayed the same to count: longer than allocators wait.
const SETTLED: Duration = Duration::from_secs(11);

/// How far the size after the later rounds may be from that after the first.
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
        let left = settled_kib(pid).await?;
        let each = full.saturating_sub(before) as f64 / sessions as f64;
        println!(
            "round {round}: {before} KiB before, {full} KiB with {sessions} sessions ({each:.1} KiB each), \
             {left} KiB after the last was gone (noticed within {gone:.1?})"
        );
        after.push(left as f64);
    }
    let Some((first, later)) = after.split_first_mut().filter(|(_, later)| !later.is_empty()) else {
        return Ok(ExitCode::SUCCESS);
    };
    // The middle one: an allocator's own housekeeping comes and goes by a few per cent.
    later.sort_unstable_by(f64::total_cmp);
    let change = later[later.len() / 2] / *first - 1.0;
    println!("from the first round to the later ones (median) the size changed by {:+.1} %", change * 100.0);
    Ok(if change.abs() <= TOLERANCE { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Waits until an allocator that gives memory back after a while has done so, and returns the size.
async fn settled_kib(pid: u32) -> io::Result<u64> {
    let mut size = resident_kib(pid)?;
    let mut since = Instant::now();
    let end = since + PATIENCE;
    while since.elapsed() < SETTLED && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = resident_kib(pid)?;
        if now.abs_diff(size) > size / 100 {
            (size, since) = (now, Instant::now());
        }
    }
    resident_kib(pid)
}

/// Waits until the server says that it has no session any more.
async fn until_empty(server: &Server) -> io::Result<Duration> {
    let start = Instant::now();
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
