//! Holds many sessions, first without and then with an open stream each, and reports what one of them costs the server.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::load::begin;
use super::request::{self, Target};
use super::wire::{Wire, check};
use crate::Failure;

/// What comes to rest before memory is read.
const REST: Duration = Duration::from_millis(500);

/// One process's task.
#[derive(Deserialize, Serialize)]
pub(crate) struct Memory {
    pub(super) target: Target,
    /// The server's process, whose use is read from the system.
    pub(super) server: u32,
    pub(super) sessions: usize,
}

/// What one session costs the server, in KiB.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Held {
    /// Without an open stream; its requests came over a connection that all share.
    pub(super) session: Option<f64>,
    /// With an open stream, on a connection of its own.
    pub(super) with_stream: f64,
}

pub(crate) async fn run(memory: Memory) -> Result<(), Failure> {
    let Memory { target, server, sessions: count } = &memory;
    let mut shared = Wire::connect(&target.address).await?;
    begin(&mut shared, target).await?;
    let empty = resident_kib(*server)?;
    let mut sessions = Vec::new();
    for _ in 0..*count {
        let session = begin(&mut shared, target).await?;
        let call = request::call(target, session.as_deref());
        check(shared.exchange(&call).await?, "200", request::TEXT)?;
        sessions.push(session);
    }
    tokio::time::sleep(REST).await;
    let with_sessions = resident_kib(*server)?;
    let mut streams = Vec::new();
    for session in &sessions {
        let mut wire = Wire::connect(&target.address).await?;
        let head = wire.open(&request::stream(target, session.as_deref())).await?;
        check(head, "200", "text/event-stream")?;
        streams.push(wire);
    }
    tokio::time::sleep(REST).await;
    let each = |kib: f64| (kib - empty) / *count as f64;
    let held = Held {
        session: target.has_sessions.then(|| each(with_sessions)),
        with_stream: each(resident_kib(*server)?),
    };
    println!("{}", serde_json::to_string(&held)?);
    Ok(())
}

/// Returns the resident memory of a process in KiB.
fn resident_kib(process: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
