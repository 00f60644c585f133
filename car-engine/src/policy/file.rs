//! The policy's file, read again when it changes.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use super::{Policy, RuleLocation};

/// The largest policy that is read: ten thousand rules.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// A policy that follows its file.
///
/// A file that is not there allows every enabled tool. One that is there and cannot be read denies everything.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    current: Mutex<Option<(Stamp, Arc<Policy>)>>,
}

/// What tells one state of a file from another without reading it.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: (u64, i64, i64),
}

impl Stamp {
    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            // A file put in place by renaming, within one tick of the clock and of the same length, is another.
            #[cfg(unix)]
            inode: (metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl PolicyFile {
    /// Names the file; it is read when the policy is first asked for.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), current: Mutex::new(None) }
    }

    /// Returns where the policy stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the policy as the file has it now. Unless it changed, this asks for the file's metadata only.
    #[must_use]
    pub fn current(&self) -> Arc<Policy> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_dangling_link() => {
                *current = None;
                return Arc::default();
            }
            Err(error) => {
                *current = None;
                return Arc::new(self.unreadable(&error));
            }
        };
        let stamp = Stamp::new(&metadata);
        match &*current {
            Some((known, policy)) if *known == stamp => Arc::clone(policy),
            _ => {
                let policy = Arc::new(self.read());
                *current = Some((stamp, Arc::clone(&policy)));
                policy
            }
        }
    }

    /// A link that leads nowhere is a policy that got lost, not one that was never written.
    fn is_dangling_link(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    fn read(&self) -> Policy {
        let mut text = String::new();
        match File::open(&self.path).and_then(|file| file.take(LARGEST + 1).read_to_string(&mut text)) {
            Ok(length) if length as u64 > LARGEST => {
                self.unreadable(&io::Error::other(format!("it is larger than {LARGEST} bytes")))
            }
            Ok(_) => Policy::parse(&self.path, text.strip_prefix('\u{feff}').unwrap_or(&text)),
            Err(error) => self.unreadable(&error),
        }
    }

    fn unreadable(&self, error: &io::Error) -> Policy {
        let location = RuleLocation::new(&self.path, "", 0);
        Policy::broken(Some(location), format!("the policy cannot be read: {error}"))
    }
}
