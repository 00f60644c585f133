//! The lock that makes a read, a change and a write one step among processes.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{StoreError, replace};

/// How long to wait for another process. A change takes milliseconds; ten seconds means that something is stuck.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The first pause between two tries, about as long as a change takes.
const FIRST_PAUSE: Duration = Duration::from_millis(1);

/// The longest pause between two tries, so that a freed lock is noticed soon.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Proof that this process may write the file: whoever writes is handed one of these.
///
/// The lock is advisory and belongs to a file of its own beside the target (`connectors.json.lock`), because the
/// target is replaced at every write. The operating system frees it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct WriteLock {
    target: PathBuf,
    path: PathBuf,
    file: File,
}

impl WriteLock {
    /// Waits until this process alone may write `target`, at most `wait`.
    pub(crate) fn acquire(target: &Path, wait: Duration) -> Result<Self, StoreError> {
        let target = replace::follow_links(target)?;
        replace::make_parent(&target)?;
        let path = beside(&target, ".lock");
        let mut file = open(&path).map_err(StoreError::io("open", &path))?;
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => break,
                // Whoever held it took the file away with what it was of: what is locked now is nobody's.
                Ok(()) => {
                    file = open(&path).map_err(StoreError::io("open", &path))?;
                    continue;
                }
                Err(TryLockError::WouldBlock) if started.elapsed() >= wait => {
                    return Err(StoreError::Locked { path, waited: wait });
                }
                Err(TryLockError::WouldBlock) => thread::sleep(pause),
                Err(TryLockError::Error(source)) => {
                    return Err(StoreError::Io { action: "lock", path, source });
                }
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let lock = Self { target, path, file };
        replace::remove_leftovers(&lock);
        Ok(lock)
    }

    /// Gives the lock up and takes its file away, for a target that is gone for good. Whoever waits for it notices.
    pub(crate) fn remove(self) {
        // Elsewhere an open file cannot be taken away; one that stays does no harm.
        if cfg!(unix) && is_at(&self.file, &self.path) {
            fs::remove_file(&self.path).ok();
        }
    }

    /// Returns the file that may be written, with symbolic links followed.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }
}

/// Returns the path with an ending added to its whole file name.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Tells whether a file is still what the path leads to.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let node = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (held, there) = (file.metadata().map(node), path.metadata().map(node));
    matches!((held, there), (Ok(held), Ok(there)) if held == there)
}

/// Elsewhere nobody takes it away.
#[cfg(not(unix))]
const fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(replace::OWNER_ONLY_FILE);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_no_longer_than_it_is_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("connectors.json");
        let held = WriteLock::acquire(&target, LOCK_WAIT).unwrap();
        let error = WriteLock::acquire(&target, Duration::from_millis(20)).unwrap_err();
        assert!(
            matches!(&error, StoreError::Locked { path, .. } if path.ends_with("connectors.json.lock")),
            "{error}"
        );
        drop(held);
        WriteLock::acquire(&target, LOCK_WAIT).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_that_was_taken_away_holds_nobody_up_and_lets_no_two_in() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("pins.json");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let held = WriteLock::acquire(&target, LOCK_WAIT).unwrap();
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        thread::yield_now();
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                        held.remove();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
