//! A copy as it is stored: JSON, with every `server.json` as it came, so that loading it is quick.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Mirror, State, normal};
use crate::registry::entry::{Entry, Status};
use crate::registry::reference::ReferenceError;

/// The stored form. One of another number is as good as none.
const FORMAT: u32 = 1;

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    format: u32,
    base: String,
    state: State,
    #[serde(borrow)]
    entries: Vec<StoredEntry<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredEntry<'a> {
    name: String,
    version: String,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status_message: Option<String>,
    is_latest: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(borrow)]
    server: &'a RawValue,
}

impl Mirror {
    /// Reads a copy that was stored. One of another release is as good as none. Whoever wants the copy of one registry
    /// compares [`Mirror::base`], or calls [`Mirror::from_json_of`].
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        // The format alone is looked at first: another one may have other members.
        let text = str::from_utf8(text).map_err(|error| error.to_string())?;
        let Format { format } = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if format != FORMAT {
            return Err(format!("expected a copy of format {FORMAT}, found {format}"));
        }
        let stored: Stored<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut entries = BTreeMap::new();
        for entry in stored.entries {
            let entry = entry.into_entry()?;
            entries.insert(entry.name.clone(), entry);
        }
        Ok(Self { base: stored.base, entries, state: stored.state })
    }

    /// Reads the stored copy of the registry at a base URL.
    ///
    /// # Errors
    /// Says what is wrong with it, and that it is another registry's.
    pub fn from_json_of(base: &str, text: &[u8]) -> Result<Self, String> {
        let mirror = Self::from_json(text)?;
        if mirror.base != normal(base) {
            return Err(format!("expected a copy of {}, found one of {}", normal(base), mirror.base));
        }
        Ok(mirror)
    }

    /// Returns the copy as it is stored.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let stored = Stored {
            format: FORMAT,
            base: self.base.clone(),
            state: self.state.clone(),
            entries: self.entries.values().map(StoredEntry::new).collect(),
        };
        serde_json::to_vec(&stored).expect("a copy has texts, numbers and JSON only")
    }
}

impl<'a> StoredEntry<'a> {
    fn new(entry: &'a Entry) -> Self {
        Self {
            name: entry.name.to_string(),
            version: entry.version.clone(),
            status: entry.status,
            status_message: entry.status_message.clone(),
            is_latest: entry.is_latest,
            published_at: entry.published_at.clone(),
            updated_at: entry.updated_at.clone(),
            server: &entry.server,
        }
    }

    fn into_entry(self) -> Result<Entry, String> {
        Ok(Entry {
            name: self.name.parse().map_err(|error: ReferenceError| error.to_string())?,
            version: self.version,
            status: self.status,
            status_message: self.status_message,
            is_latest: self.is_latest,
            published_at: self.published_at,
            updated_at: self.updated_at,
            server: self.server.to_owned(),
        })
    }
}
