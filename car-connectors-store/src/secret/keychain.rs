//! The seam to a keychain.

use crate::{KeychainError, Secret};

/// A place that keeps short texts by name, safe from other users of the machine.
///
/// [`SystemKeychain`](crate::SystemKeychain) is the operating system's; a program may bring a vault of its own.
/// An entry holds at most 2,560 bytes of UTF-8 and 1,280 units of UTF-16: longer secrets come in parts.
pub trait Keychain: Send + Sync {
    /// Returns what is stored under the name.
    ///
    /// # Errors
    ///
    /// [`KeychainError`]; an entry that is not there is not an error.
    fn read(&self, entry: &str) -> Result<Option<Secret>, KeychainError>;

    /// Stores, in place of what was there.
    ///
    /// # Errors
    ///
    /// [`KeychainError`].
    fn write(&self, entry: &str, secret: &Secret) -> Result<(), KeychainError>;

    /// Removes what is stored under the name, if anything.
    ///
    /// # Errors
    ///
    /// [`KeychainError`]; an entry that is not there is not an error.
    fn remove(&self, entry: &str) -> Result<(), KeychainError>;
}
