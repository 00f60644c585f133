//! What the vault holds, and what it should hold but could not take.

use super::authorizer::{Current, Inner, Source};
use super::grant::Grant;
use super::record::Record;
use crate::error::Error;
use crate::secret::Secret;

/// A record with new tokens that the vault did not take. As long as the vault still holds what it held then, this is the
/// record: the refresh token there is spent.
pub(super) struct Unkept {
    instead_of: Option<Secret>,
    record: Record,
}

impl Inner {
    /// Reads the record: what is in the vault, or what should be.
    pub(super) async fn load(&self) -> Result<Record, Error> {
        let text = self.vault.load().await.map_err(|source| Error::Vault { action: "read", source })?;
        let record = Record::read(text.as_ref())?;
        let mut state = self.state();
        state.in_vault = token_of(&record);
        match &state.unkept {
            Some(unkept) if is_same(unkept.instead_of.as_ref(), state.in_vault.as_ref()) => {
                Ok(unkept.record.clone())
            }
            // Somebody else has put something newer there.
            _ => {
                state.unkept = None;
                Ok(record)
            }
        }
    }

    /// Puts a record into the vault. The caller holds the vault's lock.
    pub(super) async fn store(&self, record: &Record) -> Result<(), Error> {
        let text = record.write()?;
        self.vault.store(&text).await.map_err(|source| Error::Vault { action: "stored", source })?;
        let mut state = self.state();
        state.in_vault = token_of(record);
        state.unkept = None;
        Ok(())
    }

    /// The same for a record with new tokens, which is remembered where it could not be stored.
    pub(super) async fn store_grant(&self, record: Record) -> Result<(), Error> {
        let stored = self.store(&record).await;
        if stored.is_err() {
            let mut state = self.state();
            state.unkept = Some(Unkept { instead_of: state.in_vault.clone(), record });
        }
        stored
    }

    /// Waits until nobody else changes the record.
    pub(super) async fn lock(&self) -> Result<Box<dyn Send>, Error> {
        self.vault.lock().await.map_err(|source| Error::Vault { action: "locked", source })
    }

    /// Takes the token in the vault into use if it is another than this one, and returns whether it is.
    pub(super) async fn take_newer(&self, than: Option<&Current>, source: Source) -> Result<bool, Error> {
        let grant = self.load().await?.grant;
        let known = than.map(|current| &current.grant);
        let is_known = |grant: &Grant| known.is_some_and(|known| known.is_same_token(grant));
        if grant.as_ref().is_none_or(is_known) {
            return Ok(false);
        }
        self.adopt(grant, source).map(|adopted| adopted.is_some())
    }
}

fn token_of(record: &Record) -> Option<Secret> {
    record.grant.as_ref().map(|grant| grant.access_token.clone())
}

fn is_same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    one.map(Secret::expose) == other.map(Secret::expose)
}
