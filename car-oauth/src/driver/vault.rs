//! Where tokens are kept: the seam for a keychain, and one in memory.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

use crate::error::Cause;
use crate::secret::Secret;

/// Keeps one record, that of one account at one server, and lets one process at a time change it.
///
/// A record is JSON of at most some kilobytes and wholly secret.
pub trait Vault: Send + Sync {
    /// Returns the record; nothing where there is none.
    ///
    /// # Errors
    /// Says why it cannot be read.
    fn load(&self) -> BoxFuture<'_, Result<Option<Secret>, Cause>>;

    /// Puts a record in place of the one before, whole or not at all. When this returns the record outlives the process.
    ///
    /// # Errors
    /// Says why it could not be kept; the one before is then still there.
    fn store<'a>(&'a self, record: &'a Secret) -> BoxFuture<'a, Result<(), Cause>>;

    /// Waits until nobody else, in this process or any other, changes the record. Dropping the guard lets the next one in,
    /// and so does the end of the process, however it ends.
    ///
    /// # Errors
    /// Says why it was not waited for any longer.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue.
    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Cause>>;
}

/// Keeps a record as long as the program runs.
#[derive(Clone, Debug, Default)]
pub struct MemoryVault {
    record: Arc<Mutex<Option<Secret>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Vault for MemoryVault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Secret>, Cause>> {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move { Ok(record) })
    }

    fn store<'a>(&'a self, record: &'a Secret) -> BoxFuture<'a, Result<(), Cause>> {
        *self.record.lock().unwrap_or_else(PoisonError::into_inner) = Some(record.clone());
        Box::pin(async { Ok(()) })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Cause>> {
        let turn = Arc::clone(&self.turn);
        Box::pin(async move { Ok(Box::new(turn.lock_owned().await) as Box<dyn Send>) })
    }
}
