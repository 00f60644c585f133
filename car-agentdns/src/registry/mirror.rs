//! What is known of a registry's list: the newest version of each name, and how far the reading has come.

use super::entry::Entry;
use super::reference::RegistryName;
use crate::error::SetAside;
use crate::service::Service;

/// A copy of what a registry lists, as far as it has been read.
///
/// A registry only searches by name, so a need is matched here, against a copy. The copy is a value: whoever holds it
/// stores it, and gives it to [`RegistryClient::sync`](super::RegistryClient::sync) to be brought up to date.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    _entries: Vec<Entry>,
}

impl Mirror {
    /// Begins an empty copy of the registry at a base URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let _ = base;
        todo!("registry")
    }

    /// Reads a copy that was stored. One of another release, or of another registry, is as good as none.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_json(text: &[u8]) -> Result<Self, String> {
        let _ = text;
        todo!("registry")
    }

    /// Returns the copy as it is stored.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        todo!("registry")
    }

    /// Returns the base URL of the registry.
    #[must_use]
    pub fn base(&self) -> &str {
        todo!("registry")
    }

    /// Returns whether the whole list has been read at least once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        todo!("registry")
    }

    /// Returns when it was last in step with the registry, in seconds since 1970; nothing before it is complete.
    #[must_use]
    pub fn synced_at(&self) -> Option<u64> {
        todo!("registry")
    }

    /// Returns how many names there are, deleted ones left out.
    #[must_use]
    pub fn len(&self) -> usize {
        todo!("registry")
    }

    /// Returns whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the newest version of a name.
    #[must_use]
    pub fn entry(&self, name: &RegistryName) -> Option<&Entry> {
        let _ = name;
        todo!("registry")
    }

    /// Returns the entries that could not be used.
    #[must_use]
    pub fn set_aside(&self) -> &[SetAside] {
        todo!("registry")
    }

    /// Returns all services, without those that were deleted. `source` is what the user calls the registry.
    pub fn services(&self, source: &str, verified: bool) -> Vec<Service> {
        let _ = (source, verified);
        todo!("registry")
    }
}
