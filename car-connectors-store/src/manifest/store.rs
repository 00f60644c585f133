//! The manifest's file: read at any time, changed under a lock.

use std::path::{Path, PathBuf};

use super::Manifest;
use crate::{
    Home, Stamp, StoreError,
    lock::{LOCK_WAIT, WriteLock},
    replace,
};

/// The largest manifest that is read. A connector with a thousand enabled tools takes 40 KB; this is room for
/// hundreds of those, and still no burden to hold.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The manifest of one state folder, `connectors.json`.
#[derive(Clone, Debug)]
pub struct ManifestStore {
    path: PathBuf,
}

impl ManifestStore {
    /// Names the manifest of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.manifest_path() }
    }

    /// Returns where the manifest is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the manifest; one that is not there is empty.
    ///
    /// It takes no lock and never waits: the file is replaced in one step.
    ///
    /// # Errors
    ///
    /// [`StoreError::Malformed`] with line and column, [`StoreError::NewerVersion`], [`StoreError::TooLarge`],
    /// [`StoreError::Io`].
    pub fn read(&self) -> Result<Manifest, StoreError> {
        let Some(content) = replace::read(&self.path, LARGEST)? else {
            return Ok(Manifest::default());
        };
        let text = str::from_utf8(&content).map_err(|error| {
            let before = &content[..error.valid_up_to()];
            let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            StoreError::Malformed {
                path: self.path.clone(),
                line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
                column: before.len() - line_start + 1,
                message: "expected UTF-8, found other bytes".to_owned(),
            }
        })?;
        // Editors on Windows put a byte order mark in front; it is not part of the text.
        Manifest::from_json(&self.path, text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// Returns what tells one state of the manifest from another, or nothing where there is none. Asks for the file's
    /// metadata only, so that who keeps what it read can look before every call. Take it before reading: then a change in
    /// between is found at the next look.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`].
    pub fn stamp(&self) -> Result<Option<Stamp>, StoreError> {
        Stamp::of(&self.path)
    }

    /// Reads the manifest, lets `change` change it, and writes it back, all under one lock among processes.
    ///
    /// Nothing is written when `change` fails or changes nothing. `change` must be quick and must not wait for a
    /// server or a person: other processes wait for it.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), after which the file is as it was; [`StoreError::Locked`] after ten seconds;
    /// [`StoreError::Io`] when the folder is read-only or full; and what `change` returns.
    pub fn update<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Manifest) -> Result<T, E>,
    ) -> Result<T, E> {
        let lock = WriteLock::acquire(&self.path, LOCK_WAIT)?;
        let before = self.read()?;
        let mut manifest = before.clone();
        let value = change(&mut manifest)?;
        if manifest != before {
            replace::replace(&lock, manifest.to_json().as_bytes())?;
        }
        Ok(value)
    }
}
