//! A record of what the user agreed to: a JSON document with a version, read at any time and changed under a lock.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lock::{LOCK_WAIT, WriteLock};
use crate::{StoreError, replace};

/// A document that says which version it has.
pub(crate) trait Versioned: Default + Serialize + DeserializeOwned {
    /// The version that this release writes, and the newest that it reads.
    const VERSION: u64;

    /// The version that the document has.
    fn version(&mut self) -> &mut u64;
}

/// Reads a record; one that is not there is empty.
pub(crate) fn read<T: Versioned>(path: &Path, limit: u64) -> Result<T, StoreError> {
    let Some(content) = replace::read(path, limit)? else { return Ok(T::default()) };
    let mut record: T = serde_json::from_slice(&content).map_err(|error| {
        let message = error.to_string();
        let end = message.rfind(" at line ").unwrap_or(message.len());
        StoreError::Malformed {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
            message: message[..end].to_owned(),
        }
    })?;
    match *record.version() {
        found if found > T::VERSION => {
            Err(StoreError::NewerVersion { path: path.to_owned(), found, known: T::VERSION })
        }
        _ => Ok(record),
    }
}

/// Reads a record, lets it be changed, and writes it back, under one lock among processes.
pub(crate) fn update<T: Versioned, R>(
    path: &Path,
    limit: u64,
    change: impl FnOnce(&mut T) -> R,
) -> Result<R, StoreError> {
    try_update(path, limit, |record| Ok(change(record)))
}

/// As [`update`], by a change that can refuse: then nothing is written.
pub(crate) fn try_update<T: Versioned, R>(
    path: &Path,
    limit: u64,
    change: impl FnOnce(&mut T) -> Result<R, StoreError>,
) -> Result<R, StoreError> {
    let lock = WriteLock::acquire(path, LOCK_WAIT)?;
    let mut record: T = read(path, limit)?;
    let result = change(&mut record)?;
    *record.version() = T::VERSION;
    let mut text = serde_json::to_string_pretty(&record).expect("texts and numbers are always JSON");
    text.push('\n');
    if text.len() as u64 > limit {
        // It could never be read again.
        return Err(StoreError::TooLarge { path: path.to_owned(), limit });
    }
    replace::replace(&lock, text.as_bytes())?;
    Ok(result)
}
