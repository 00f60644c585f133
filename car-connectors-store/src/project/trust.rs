//! Which project files the user trusts: their paths, and the hash of the content that was agreed to.
//!
//! It is kept in the state folder. A repository cannot say of itself that it is trusted.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ProjectFile;
use crate::record::{self, Versioned};
use crate::{Home, Stamp, StoreError};

/// The largest record that is read: room for a thousand projects with the text that was agreed to.
const LARGEST: u64 = 32 * 1024 * 1024;

/// The longest text that is kept to show what has changed. Most files have a few hundred bytes.
const LONGEST_TEXT: usize = 16 * 1024;

/// Which project files are trusted, `trust.json`.
#[derive(Clone, Debug)]
pub struct TrustStore {
    path: PathBuf,
}

/// What the user agreed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trusted {
    /// The file, by its canonical path.
    pub file: String,
    /// The SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// The content, if it is not too long to be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The slugs of entries that the user removed and does not want back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Default, Serialize, Deserialize)]
struct Record {
    version: u64,
    #[serde(default)]
    projects: Vec<Trusted>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl TrustStore {
    /// Names the record of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.trust_path() }
    }

    /// Returns what the user agreed to of a file, whatever is in the file now.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn get(&self, file: &Path) -> Result<Option<Trusted>, StoreError> {
        let record = self.read()?;
        Ok(record.projects.into_iter().find(|project| Path::new(&project.file) == file))
    }

    /// Tells in which state the record is, without reading it. Take it before reading.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn stamp(&self) -> Result<Option<Stamp>, StoreError> {
        Stamp::of(&self.path)
    }

    /// Notes that the user agreed to this content. Entries that were removed are wanted back.
    ///
    /// # Errors
    /// Those of [`TrustStore::get`], after which the record is as it was; [`StoreError::Locked`].
    pub fn trust(&self, project: &ProjectFile) -> Result<(), StoreError> {
        let agreed = Trusted {
            file: project.path.to_string_lossy().into_owned(),
            sha256: project.sha256.clone(),
            text: (project.text.len() <= LONGEST_TEXT).then(|| project.text.clone()),
            removed: Vec::new(),
            more: Map::new(),
        };
        self.update(|projects| match projects.iter_mut().find(|known| known.file == agreed.file) {
            Some(known) => *known = Trusted { more: std::mem::take(&mut known.more), ..agreed },
            None => projects.push(agreed),
        })
    }

    /// Notes that the user does not want an entry of a trusted file.
    ///
    /// # Errors
    /// As [`TrustStore::trust`].
    pub fn remove(&self, file: &Path, slug: &str) -> Result<(), StoreError> {
        self.update(|projects| {
            let known = projects.iter_mut().find(|known| Path::new(&known.file) == file);
            if let Some(known) = known
                && !known.removed.iter().any(|removed| removed == slug)
            {
                known.removed.push(slug.to_owned());
            }
        })
    }

    fn update(&self, change: impl FnOnce(&mut Vec<Trusted>)) -> Result<(), StoreError> {
        record::update(&self.path, LARGEST, |record: &mut Record| change(&mut record.projects))
    }

    fn read(&self) -> Result<Record, StoreError> {
        record::read(&self.path, LARGEST)
    }
}

impl Versioned for Record {
    const VERSION: u64 = 1;

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Trusted {
    /// Tells whether exactly this content is what the user agreed to.
    #[must_use]
    pub fn is_of(&self, project: &ProjectFile) -> bool {
        Path::new(&self.file) == project.path && self.sha256 == project.sha256
    }
}
