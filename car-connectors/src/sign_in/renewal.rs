//! Renewing tokens where nobody interrupts it.

use std::sync::Arc;

use car_oauth::driver::{Fingerprint, Renewer};
use futures_core::future::BoxFuture;

/// Renews the tokens of connectors somewhere else than in the program that needs them, such as in a process of its own that
/// calls [`ConnectorManager::renew_tokens`](crate::ConnectorManager::renew_tokens).
///
/// Many servers take a refresh token once: who is killed between sending it and keeping the answer has lost the sign-in. A
/// process that only renews is done in a moment, and outlives the one that asked.
pub trait RenewTokens: Send + Sync {
    /// Renews the tokens of a connector if they are due, or are those that were refused.
    ///
    /// # Errors
    /// Says why there are no new tokens.
    fn renew<'a>(
        &'a self,
        slug: &'a str,
        refused: Option<&'a Fingerprint>,
    ) -> BoxFuture<'a, Result<(), car_oauth::Error>>;
}

/// The same, for one connector.
pub(crate) struct OfConnector {
    pub(crate) renewer: Arc<dyn RenewTokens>,
    pub(crate) slug: String,
}

impl Renewer for OfConnector {
    fn renew<'a>(&'a self, refused: Option<&'a Fingerprint>) -> BoxFuture<'a, Result<(), car_oauth::Error>> {
        self.renewer.renew(&self.slug, refused)
    }
}
