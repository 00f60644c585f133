//! What tells one state of a file from another without reading it, and what was read kept until the file changes.

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use crate::StoreError;

/// What tells one state of a file from another without reading it. Two that are equal are of the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
}

impl Stamp {
    /// Looks at a file or folder; nothing where there is none. A link is followed. A folder's changes when a file is put into
    /// it, replaced or removed.
    ///
    /// # Errors
    /// [`StoreError::Io`] where it cannot be looked at.
    pub fn of(path: &Path) -> Result<Option<Self>, StoreError> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self::new(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io("read", path)(error)),
        }
    }

    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt as _;
        Self {
            modified: metadata.modified().ok(),
            length: metadata.len(),
            // A file put in place by renaming, within one tick of the clock and of the same length, is another.
            #[cfg(unix)]
            node: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// What was read, and of which state of the file.
type Kept<T> = (Stamp, Arc<T>);

/// What was read of a file, kept until the file changes. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Cached<T> {
    kept: Arc<Mutex<Option<Kept<T>>>>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { kept: Arc::default() }
    }
}

impl<T: Default> Cached<T> {
    /// Returns what is in the file, by `read` if it changed since. A file that is not there is as good as an empty one.
    pub(crate) fn get(
        &self,
        path: &Path,
        read: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<Arc<T>, StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The stamp is older than what is read, never newer: a change in between is found at the next look.
        let Some(stamp) = Stamp::of(path)? else {
            *kept = None;
            return Ok(Arc::default());
        };
        if let Some((known, content)) = &*kept
            && *known == stamp
        {
            return Ok(Arc::clone(content));
        }
        *kept = None;
        let content = Arc::new(read()?);
        *kept = Some((stamp, Arc::clone(&content)));
        Ok(content)
    }
}
