//! Finds the processes that a run has started, however they came to be: each inherits a variable that only this run
//! sets. Linux tells the variables of a process; elsewhere nothing is found.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::shell::Failure;

/// The variable: every program gets it, so every local server passes it on.
pub(super) const VARIABLE: &str = "TMPDIR";
/// How long a process may take to end once `car` has ended. It takes milliseconds.
const ENDING: Duration = Duration::from_secs(5);
/// How often the processes are looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The mark of a run.
pub(super) struct Mark(String);

/// A process of the run.
pub(super) struct Process {
    pid: u32,
    pub(super) words: Vec<String>,
}

impl Mark {
    /// Returns the mark of a run that gives this folder to [`VARIABLE`].
    pub(super) fn new(folder: &Path) -> Self {
        Self(format!("{VARIABLE}={}", folder.display()))
    }

    /// Returns the processes that carry the mark.
    pub(super) fn processes(&self) -> Vec<Process> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| self.process(&entry.path())).collect()
    }

    fn process(&self, folder: &Path) -> Option<Process> {
        let pid = folder.file_name()?.to_str()?.parse().ok()?;
        // One that ends while we look has no variables and no words any more.
        let variables = std::fs::read(folder.join("environ")).ok()?;
        if !variables.split(|byte| *byte == 0).any(|variable| variable == self.0.as_bytes()) {
            return None;
        }
        let words = String::from_utf8_lossy(&std::fs::read(folder.join("cmdline")).ok()?).into_owned();
        Some(Process { pid, words: words.split_terminator('\0').map(str::to_owned).collect() })
    }

    /// Fails if a process is still there soon after `car` has ended.
    pub(super) fn expect_none(&self) -> Result<(), Failure> {
        let ended = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return Ok(());
            }
            if ended.elapsed() > ENDING {
                let left: Vec<_> = left.iter().map(Process::to_string).collect();
                return Err(format!("expected no process to be left, found {}", left.join("; ")).into());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until one of the processes is `wanted`, and returns all of them.
    pub(super) fn wait(
        &self,
        patience: Duration,
        wanted: impl Fn(&Process) -> bool,
    ) -> Result<Vec<Process>, Failure> {
        let start = Instant::now();
        while start.elapsed() < patience {
            let found = self.processes();
            if found.iter().any(&wanted) {
                return Ok(found);
            }
            std::thread::sleep(LOOK);
        }
        Err(format!("expected the server to run within {patience:?}, found no process of it").into())
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.pid, self.words.join(" "))
    }
}
