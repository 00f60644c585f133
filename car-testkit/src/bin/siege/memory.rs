//! How much memory a process has.

use std::io;

/// Returns the resident size of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().strip_suffix(" kB"))
        .and_then(|value| value.trim().parse().ok())
        .ok_or_else(|| io::Error::other("expected the size of a process, found none"))
}
