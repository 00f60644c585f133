//! Secrets in a file for the owner only, where no keychain answers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::value::Secret;
use crate::{
    StoreError,
    lock::{LOCK_WAIT, WriteLock},
    replace,
};

/// The version that is written and read.
const VERSION: u64 = 1;

/// The largest file that is read: a few thousand long tokens.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What the file says about an entry.
pub(super) enum Stored {
    /// Nothing: ask elsewhere.
    Nothing,
    /// The entry was removed while the keychain did not answer: what the keychain holds is not valid any more.
    Removed,
    /// The secret.
    Value(Secret),
}

/// The file as it is written. An entry that is `null` was removed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    secrets: BTreeMap<String, Option<String>>,
}

/// Only the version, which decides whether the rest can be understood.
#[derive(Deserialize)]
struct Version {
    version: u64,
}

impl Drop for Document {
    fn drop(&mut self) {
        self.secrets.values_mut().flatten().for_each(|text| text.zeroize());
    }
}

/// The file `secrets.json`.
#[derive(Debug)]
pub(super) struct SecretFile {
    path: PathBuf,
}

impl SecretFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Waits until this process alone may change secrets, here or in the keychain.
    pub(super) fn lock(&self) -> Result<WriteLock, StoreError> {
        WriteLock::acquire(&self.path, LOCK_WAIT)
    }

    pub(super) fn read(&self, entry: &str) -> Result<Stored, StoreError> {
        let mut document = load(&self.path)?;
        Ok(match document.secrets.remove(entry) {
            None => Stored::Nothing,
            Some(None) => Stored::Removed,
            Some(Some(text)) => Stored::Value(Secret::new(text)),
        })
    }

    /// Stores a value, or with `None` a note that the entry was removed.
    pub(super) fn write(&self, lock: &WriteLock, entry: &str, text: Option<&str>) -> Result<(), StoreError> {
        let mut document = load(&self.path)?;
        // The text that was there goes back into the document, whose drop clears it.
        document.secrets.insert(entry.to_owned(), text.map(str::to_owned)).flatten().zeroize();
        save(lock, &document)
    }

    /// Removes every trace of an entry; a file that does not know it is not touched.
    pub(super) fn forget(&self, lock: &WriteLock, entry: &str) -> Result<(), StoreError> {
        let mut document = load(&self.path)?;
        let Some(mut old) = document.secrets.remove(entry) else { return Ok(()) };
        old.zeroize();
        save(lock, &document)
    }
}

fn load(path: &Path) -> Result<Document, StoreError> {
    let Some(content) = replace::read(path, LARGEST)?.map(Zeroizing::new) else {
        return Ok(Document { version: VERSION, secrets: BTreeMap::new() });
    };
    let malformed = |error: serde_json::Error| StoreError::Malformed {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        // The library's words may quote what stands in the file; these must not.
        message: "expected {\"version\":1,\"secrets\":{name: text}}".to_owned(),
    };
    let Version { version } = serde_json::from_slice(&content).map_err(malformed)?;
    if version > VERSION {
        return Err(StoreError::NewerVersion { path: path.to_owned(), found: version, known: VERSION });
    }
    serde_json::from_slice(&content).map_err(malformed)
}

fn save(lock: &WriteLock, document: &Document) -> Result<(), StoreError> {
    let text = Zeroizing::new(serde_json::to_vec_pretty(document).expect("texts are always JSON"));
    replace::replace(lock, &text)
}
