//! The lock that lets one process at a time change the tokens of a connector.

use std::time::Duration;

use crate::{Home, StoreError, lock::WriteLock};

/// How long to wait for another process that renews the same tokens. A renewal is a request or two, each with a deadline of
/// half a minute.
const WAIT: Duration = Duration::from_secs(90);

/// Proof that no other process renews the tokens of the connector. The operating system frees it when the process ends,
/// however it ends.
#[derive(Debug)]
pub struct TokenLock {
    _lock: WriteLock,
}

impl TokenLock {
    /// Waits until this process alone may change the tokens of a connector. Blocks.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] where another process does not come to an end; [`StoreError::Io`].
    pub fn acquire(home: &Home, slug: &str) -> Result<Self, StoreError> {
        WriteLock::acquire(&home.run_path().join(format!("{slug}.tokens")), WAIT)
            .map(|lock| Self { _lock: lock })
    }
}
