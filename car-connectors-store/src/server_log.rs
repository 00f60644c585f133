//! What a local server writes to its standard error, kept for whoever looks into it, and bounded.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use crate::{Home, StoreError, lock::WriteLock, replace};

/// How much is kept at the most, in bytes: some thousand lines. What is older goes, half of it at a time.
const LARGEST: u64 = 256 * 1024;

/// How long to wait for another process that writes to the same log.
const WAIT: std::time::Duration = std::time::Duration::from_secs(2);

/// The log of one local server. Any number of processes may write to it.
#[derive(Clone, Debug)]
pub struct ServerLog {
    path: PathBuf,
}

impl ServerLog {
    /// Names the log of a connector. Nothing is made yet.
    #[must_use]
    pub fn new(home: &Home, slug: &str) -> Self {
        Self { path: home.logs_path().join(format!("{slug}.log")) }
    }

    /// Adds what the server wrote. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`], [`StoreError::Locked`].
    pub fn append(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let lock = WriteLock::acquire(&self.path, WAIT)?;
        let bytes = &bytes[bytes.len().saturating_sub(LARGEST as usize)..];
        let length = std::fs::metadata(lock.target()).map_or(0, |metadata| metadata.len());
        if length + bytes.len() as u64 > LARGEST {
            let kept = replace::read(lock.target(), u64::MAX - 1)?.unwrap_or_default();
            let room = (LARGEST as usize / 2).saturating_sub(bytes.len() / 2);
            let from = kept.len().saturating_sub(room);
            // From the next line on: half a line would look like something that the server wrote.
            let from =
                kept[from..].iter().position(|byte| *byte == b'\n').map_or(kept.len(), |at| from + at + 1);
            let content = [&kept[from..], bytes].concat();
            return replace::replace(&lock, &content);
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(replace::OWNER_ONLY_FILE);
        }
        let written = options.open(lock.target()).and_then(|mut file| file.write_all(bytes));
        written.map_err(StoreError::io("write", lock.target()))
    }

    /// Returns what is kept; nothing where the server has not written anything. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn read(&self) -> Result<Vec<u8>, StoreError> {
        Ok(replace::read(&self.path, LARGEST * 2)?.unwrap_or_default())
    }

    /// Removes the log. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn remove(&self) -> Result<(), StoreError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::Io { action: "remove", path: self.path.clone(), source: error })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> (tempfile::TempDir, ServerLog) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::resolve(Some(folder.path()), |_| None).unwrap();
        let log = ServerLog::new(&home, "docs");
        (folder, log)
    }

    #[test]
    fn keeps_what_was_written_until_it_is_removed() {
        let (_folder, log) = log();
        assert_eq!(log.read().unwrap(), b"");
        log.append(b"one\n").unwrap();
        log.append(b"two\n").unwrap();
        assert_eq!(log.read().unwrap(), b"one\ntwo\n");
        log.remove().unwrap();
        log.remove().unwrap();
        assert_eq!(log.read().unwrap(), b"");
    }

    #[test]
    fn never_grows_over_its_bound_and_begins_with_a_whole_line() {
        let (_folder, log) = log();
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        for _ in 0..60 {
            log.append(&line.repeat(100)).unwrap();
            let kept = log.read().unwrap();
            assert!(kept.len() as u64 <= LARGEST, "{}", kept.len());
            assert_eq!(kept.len() % 100, 0);
        }
        log.append(&vec![b'y'; 3 * LARGEST as usize]).unwrap();
        assert!(log.read().unwrap().len() as u64 <= LARGEST);
    }
}
