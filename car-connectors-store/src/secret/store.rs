//! Where a secret goes: to the keychain, or to the file where no keychain answers.
//!
//! In `auto` mode the file speaks first: it is written only when the keychain did not answer, and what it says about
//! an entry is taken out as soon as the keychain accepts a newer word on it. What stands in the file is therefore
//! never older than what stands in the keychain.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    file::{SecretFile, Stored},
    keychain::Keychain,
    name::EntryName,
    split,
    system::SystemKeychain,
    value::Secret,
};
use crate::{Home, KeychainError, StoreError};

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretMode {
    /// In the system keychain; where none answers, in a file for the owner only.
    #[default]
    Auto,
    /// In the system keychain, or not at all.
    Keychain,
    /// In a file for the owner only.
    File,
}

/// Says that secrets are kept in a file though the keychain was preferred: worth one warning to the user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fallback {
    /// Why the keychain is not used.
    pub reason: KeychainError,
}

/// Keeps the secrets of one state folder.
///
/// The keychain is opened when the first secret is asked for, never before: connectors without secrets work where
/// no keychain does. Calls block, on the keychain and at times on a person who unlocks it; an asynchronous caller
/// wraps them in `spawn_blocking`. No asynchronous runtime is needed or disturbed.
pub struct SecretStore {
    mode: SecretMode,
    file: SecretFile,
    keychain: Mutex<Opened>,
}

/// What is known about the keychain so far.
enum Opened {
    NotYet,
    Yes(Arc<dyn Keychain>),
    No(KeychainError),
}

impl SecretStore {
    /// Keeps secrets in the system keychain, or the state folder's file, as the mode says. Nothing is opened yet.
    #[must_use]
    pub fn new(home: &Home, mode: SecretMode) -> Self {
        Self::with(home, mode, Opened::NotYet)
    }

    /// Keeps secrets in a keychain that the program brings.
    #[must_use]
    pub fn with_keychain(home: &Home, mode: SecretMode, keychain: Arc<dyn Keychain>) -> Self {
        Self::with(home, mode, Opened::Yes(keychain))
    }

    fn with(home: &Home, mode: SecretMode, keychain: Opened) -> Self {
        Self { mode, file: SecretFile::new(home.secrets_path()), keychain: Mutex::new(keychain) }
    }

    /// Says why the file is used in place of the keychain, if the keychain has been asked for and did not answer.
    #[must_use]
    pub fn fallback(&self) -> Option<Fallback> {
        if self.mode != SecretMode::Auto {
            return None;
        }
        match &*self.keychain.lock().unwrap_or_else(PoisonError::into_inner) {
            Opened::No(reason) => Some(Fallback { reason: reason.clone() }),
            Opened::NotYet | Opened::Yes(_) => None,
        }
    }

    /// Returns a secret, or nothing where none is stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Keychain`] when the keychain fails, and in `keychain` mode also when there is none;
    /// [`StoreError::Io`], [`StoreError::Malformed`] and [`StoreError::NewerVersion`] for the file.
    pub fn get(&self, name: &EntryName) -> Result<Option<Secret>, StoreError> {
        if self.mode != SecretMode::Keychain {
            match self.file.read(name.as_str())? {
                Stored::Value(secret) => return Ok(Some(secret)),
                Stored::Removed => return Ok(None),
                Stored::Nothing if self.mode == SecretMode::File => return Ok(None),
                Stored::Nothing => {}
            }
        }
        match self.ask(|keychain| split::read(keychain, name.as_str())) {
            Ok(secret) => Ok(secret),
            // No keychain in this session, and the file knows nothing: as good as not stored. `fallback` says why.
            Err(_) if self.fallback().is_some() => Ok(None),
            Err(source) => Err(failed("read", name, source)),
        }
    }

    /// Stores a secret in place of what was there.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`StoreError::SecretTooLong`], [`StoreError::Locked`].
    pub fn set(&self, name: &EntryName, secret: &Secret) -> Result<(), StoreError> {
        let (length, limit) = (secret.expose().len(), split::LONGEST_SECRET);
        if length > limit {
            return Err(StoreError::SecretTooLong { entry: name.to_string(), length, limit });
        }
        let lock = self.file.lock()?;
        if self.mode == SecretMode::File {
            return self.file.write(&lock, name.as_str(), Some(secret.expose()));
        }
        match self.ask(|keychain| split::write(keychain, name.as_str(), secret)) {
            Ok(()) => self.file.forget(&lock, name.as_str()),
            Err(_) if self.fallback().is_some() => {
                self.file.write(&lock, name.as_str(), Some(secret.expose()))
            }
            Err(source) => Err(failed("write", name, source)),
        }
    }

    /// Removes a secret; one that is not stored is not an error.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`StoreError::Locked`].
    pub fn delete(&self, name: &EntryName) -> Result<(), StoreError> {
        let lock = self.file.lock()?;
        if self.mode == SecretMode::File {
            return self.file.forget(&lock, name.as_str());
        }
        match self.ask(|keychain| split::remove(keychain, name.as_str())) {
            Ok(()) => self.file.forget(&lock, name.as_str()),
            // The keychain may still hold it, and must not bring it back when it answers again.
            Err(_) if self.fallback().is_some() => self.file.write(&lock, name.as_str(), None),
            Err(source) => Err(failed("remove", name, source)),
        }
    }

    /// Removes all named secrets, going on when one fails.
    ///
    /// # Errors
    ///
    /// That of the first one that failed.
    pub fn delete_all<'a>(&self, names: impl IntoIterator<Item = &'a EntryName>) -> Result<(), StoreError> {
        let mut first = Ok(());
        for name in names {
            let outcome = self.delete(name);
            if first.is_ok() {
                first = outcome;
            }
        }
        first
    }

    /// Asks the keychain, opening it if nobody has; one that does not answer is not asked again.
    fn ask<T>(
        &self,
        operation: impl FnOnce(&dyn Keychain) -> Result<T, KeychainError>,
    ) -> Result<T, KeychainError> {
        let keychain = self.open()?;
        operation(&*keychain).inspect_err(|error| {
            if matches!(error, KeychainError::Unavailable { .. } | KeychainError::Timeout { .. })
                && self.mode == SecretMode::Auto
            {
                *self.keychain.lock().unwrap_or_else(PoisonError::into_inner) = Opened::No(error.clone());
            }
        })
    }

    fn open(&self) -> Result<Arc<dyn Keychain>, KeychainError> {
        let mut opened = self.keychain.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*opened, Opened::NotYet) {
            *opened = match SystemKeychain::open() {
                Ok(keychain) => Opened::Yes(Arc::new(keychain)),
                Err(error) => Opened::No(error),
            };
        }
        match &*opened {
            Opened::Yes(keychain) => Ok(Arc::clone(keychain)),
            Opened::No(error) => Err(error.clone()),
            Opened::NotYet => unreachable!("it was opened just above"),
        }
    }
}

impl std::fmt::Debug for SecretStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecretStore").field("mode", &self.mode).finish_non_exhaustive()
    }
}

fn failed(action: &'static str, name: &EntryName, source: KeychainError) -> StoreError {
    StoreError::Keychain { action, entry: name.to_string(), source }
}
