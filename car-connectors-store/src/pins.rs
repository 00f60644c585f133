//! How enabled tools were when a person agreed to them: a server that changes one later is found out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::value::RawValue;

use crate::{Home, StoreError};

/// A tool's definition, as a person agreed to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pin {
    /// SHA-256 over name, title, description, schemas and annotations in a fixed order, in hexadecimal.
    pub hash: String,
    /// The whole definition, as the server wrote it then.
    pub definition: Box<RawValue>,
    /// When that was, in seconds since 1970.
    pub agreed_at: u64,
}

/// The pins of one connector, by the server's name for the tool.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Pins {
    /// Which server they are of: a digest of its URL or command. Another server of the same slug has none of them.
    pub server: String,
    /// The pins.
    pub tools: BTreeMap<String, Pin>,
}

/// The pins of a state folder, a file for each connector: `pins/{slug}.json`, for the owner only.
#[derive(Clone, Debug)]
pub struct PinFiles {
    folder: PathBuf,
}

impl Pin {
    /// Describes a pin.
    #[must_use]
    pub fn new(hash: impl Into<String>, definition: Box<RawValue>, agreed_at: u64) -> Self {
        Self { hash: hash.into(), definition, agreed_at }
    }
}

impl Pins {
    /// Returns no pins of a server.
    #[must_use]
    pub fn of(server: impl Into<String>) -> Self {
        Self { server: server.into(), tools: BTreeMap::new() }
    }
}

impl PinFiles {
    /// Names the files of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { folder: home.pins_path() }
    }

    /// Returns the pins of a connector; none where there are none.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn read(&self, slug: &str) -> Result<Pins, StoreError> {
        let _ = (&self.folder, slug);
        todo!("part C1")
    }

    /// Changes the pins of a connector under a lock among processes. Those of another server are gone before `change`
    /// sees them.
    ///
    /// # Errors
    /// As [`PinFiles::read`]; [`StoreError::Locked`].
    pub fn update<T>(
        &self,
        slug: &str,
        server: &str,
        change: impl FnOnce(&mut Pins) -> T,
    ) -> Result<T, StoreError> {
        let _ = (slug, server, change);
        todo!("part C1")
    }

    /// Forgets the pins of a connector.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Locked`].
    pub fn remove(&self, slug: &str) -> Result<(), StoreError> {
        let _ = slug;
        todo!("part C1")
    }
}
