//! One version of one server, as a registry lists it.

use serde_json::value::RawValue;

use super::reference::RegistryName;
use crate::service::{Provenance, Service};

/// One version of one server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The name.
    pub name: RegistryName,
    /// The version, exactly.
    pub version: String,
    /// Whether it should still be taken.
    pub status: Status,
    /// What its registry says of the status.
    pub status_message: Option<String>,
    /// Whether its registry calls it the newest.
    pub is_latest: bool,
    /// When it was published (RFC 3339), as the registry writes it.
    pub published_at: Option<String>,
    /// When the registry changed it last (RFC 3339), as the registry writes it.
    pub updated_at: Option<String>,
    /// The `server.json`, byte for byte.
    pub server: Box<RawValue>,
}

/// Whether a version should still be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It is kept up.
    #[default]
    Active,
    /// Its publisher or the registry advises against it.
    Deprecated,
    /// It was taken back: not to be shown, and not to be added.
    Deleted,
}

impl Entry {
    /// Reads one entry of a list, in any of the shapes that registries send.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let _ = text;
        todo!("registry")
    }

    /// Returns the record, or nothing for one that was deleted. `verified` says whether this registry is known to check its
    /// namespaces.
    #[must_use]
    pub fn service(&self, provenance: &Provenance, verified: bool) -> Option<Service> {
        let _ = (provenance, verified);
        todo!("registry")
    }
}
