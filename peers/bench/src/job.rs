//! What one client process is asked to do, and what it reports. The scripts of the other languages read and write the same.

use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// `tools/call`, over and over.
    Call,
    /// `tools/list`, over and over.
    List,
    /// Connect, one call, disconnect, over and over.
    Connect,
    /// Many sessions that do nothing.
    Idle,
}

/// One client process's task.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Job {
    pub(crate) kind: String,
    pub(crate) url: String,
    /// The command that starts the server, where it is spoken to over standard streams; else empty.
    pub(crate) server: Vec<String>,
    /// Whether to speak 2026-07-28; else the newest revision with a handshake.
    pub(crate) modern: bool,
    pub(crate) work: Work,
    /// The tool to call.
    pub(crate) tool: String,
    pub(crate) in_flight: usize,
    /// How long to measure, after a warm-up.
    pub(crate) seconds: f64,
    /// How many sessions to hold, where the work is to hold them.
    pub(crate) sessions: usize,
}

/// What one client process measured.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_us: f64,
    /// Resident memory per session; only where sessions were held.
    pub(crate) session_kib: f64,
}
