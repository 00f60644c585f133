//! Checking the whole chain.

use std::{
    fmt,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
};

use super::{
    chain::{self, GENESIS, LONGEST_LINE},
    log::EventLog,
    record::{EventKind, EventRecord},
    tail,
};
use crate::EngineError;

/// What was found when the log was checked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Verification {
    /// How many files there are.
    pub files: usize,
    /// How many records are whole and in their place.
    pub records: u64,
    /// The number of the last of them.
    pub last_seq: u64,
    /// Its hash. Kept elsewhere, it proves later that nothing was cut off.
    pub last_hash: String,
    /// What the log says about itself: torn records that were set aside, files that were removed.
    pub notes: Vec<String>,
    /// The first thing that is wrong. Nothing after it was checked.
    pub problem: Option<LogProblem>,
}

/// What is wrong with the log, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogProblem {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from one.
    pub line: u64,
    /// The number that the record has or should have.
    pub seq: u64,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for LogProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: record {}: {}", self.path.display(), self.line, self.seq, self.reason)
    }
}

impl EventLog {
    /// Checks every record of every file: its hash, its number, and that it follows the one before.
    ///
    /// # Errors
    ///
    /// [`EngineError::Log`] when a file cannot be read. A broken chain is not an error but a finding.
    pub fn verify(&self) -> Result<Verification, EngineError> {
        match self.walk() {
            Ok(found) if found.problem.is_none() => Ok(found),
            // A record that is being written looks torn, and a file may be removed under our eyes: look again while
            // nobody writes. Where the lock cannot be had, as in an auditor's copy, nobody writes either.
            first => match self.locked() {
                Ok(_lock) => self.walk(),
                Err(_) => first,
            },
        }
    }

    fn walk(&self) -> Result<Verification, EngineError> {
        let mut walk = Walk { found: Verification::default(), start: None, anchored: false };
        for file in tail::files(&self.folder)? {
            walk.found.files += 1;
            let path = tail::file_path(&self.folder, file);
            let failed = |source| EngineError::log("read", &path, source);
            let mut reader = BufReader::new(File::open(&path).map_err(failed)?);
            let mut line = Vec::new();
            for number in 1.. {
                line.clear();
                let read = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(failed)?;
                if read == 0 {
                    break;
                }
                if let Err((seq, reason)) = walk.check(&line) {
                    walk.found.problem = Some(LogProblem { path, line: number, seq, reason });
                    return Ok(walk.found);
                }
            }
        }
        if let Some((path, seq)) =
            walk.start.filter(|_| !walk.anchored).map(|(seq, _)| (self.folder.clone(), seq))
        {
            let reason =
                "records before it are missing, and no checkpoint says that they were removed".to_owned();
            walk.found.problem = Some(LogProblem { path, line: 1, seq, reason });
        }
        Ok(walk.found)
    }
}

/// The state of a check on its way through the log.
struct Walk {
    found: Verification,
    /// The number and `prev` of the first record, where that is not the first ever.
    start: Option<(u64, String)>,
    /// Whether a checkpoint vouches for that start.
    anchored: bool,
}

impl Walk {
    fn check(&mut self, line: &[u8]) -> Result<(), (u64, String)> {
        let next = self.found.last_seq + 1;
        let broken = |reason: &str| (next, reason.to_owned());
        let line = line.strip_suffix(b"\n").ok_or_else(|| broken("it is torn: its line does not end"))?;
        let line = str::from_utf8(line).map_err(|_| broken("it is not text"))?;
        let (record, expected) = chain::open(line).map_err(|reason| (next, reason))?;
        if record.hash != expected {
            return Err((record.seq, "its content does not fit its hash: it was changed".to_owned()));
        }
        if self.found.records == 0 && record.seq != 1 {
            self.start = Some((record.seq, record.prev.clone()));
        } else {
            let before = if self.found.records == 0 { GENESIS } else { &self.found.last_hash };
            if record.prev != before {
                return Err((record.seq, "it does not follow the record before it".to_owned()));
            }
            if record.seq != next {
                return Err((record.seq, format!("expected number {next}, found {}", record.seq)));
            }
        }
        self.note(&record);
        self.found.records += 1;
        self.found.last_seq = record.seq;
        self.found.last_hash = record.hash;
        Ok(())
    }

    fn note(&mut self, record: &EventRecord) {
        if matches!(record.kind, EventKind::Note | EventKind::Checkpoint)
            && let Some(note) = &record.note
        {
            self.found.notes.push(format!("record {}: {note}", record.seq));
        }
        if let (EventKind::Checkpoint, Some(seq), Some(prev), Some((first, before))) =
            (record.kind, record.first_seq, &record.first_prev, &self.start)
        {
            self.anchored |= seq == *first && prev == before;
        }
    }
}
