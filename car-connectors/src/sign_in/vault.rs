//! The tokens of one connector in the keychain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use car_connectors_store::{EntryName, Home, Secret as StoredSecret, SecretStore, TokenLock};
use car_oauth::driver::Vault;
use car_oauth::{Cause, Secret};
use futures_core::future::BoxFuture;

/// Keeps the record of one connector's sign-in.
pub(crate) struct ConnectorVault {
    home: Home,
    secrets: Arc<SecretStore>,
    slug: String,
    /// Whether anybody has signed in. Where nobody has, the keychain is left alone: it may ask for a password.
    is_used: Arc<AtomicBool>,
}

impl ConnectorVault {
    pub(crate) fn new(home: Home, secrets: Arc<SecretStore>, slug: &str, is_used: bool) -> Self {
        Self { home, secrets, slug: slug.to_owned(), is_used: Arc::new(is_used.into()) }
    }
}

impl Vault for ConnectorVault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Secret>, Cause>> {
        if !self.is_used.load(Ordering::Relaxed) {
            return Box::pin(async { Ok(None) });
        }
        let (secrets, name) = (Arc::clone(&self.secrets), EntryName::tokens(&self.slug));
        Box::pin(async move {
            let record = blocking(move || secrets.get(&name)).await?;
            Ok(record.map(|record| Secret::new(record.expose())))
        })
    }

    fn store<'a>(&'a self, record: &'a Secret) -> BoxFuture<'a, Result<(), Cause>> {
        let (secrets, name) = (Arc::clone(&self.secrets), EntryName::tokens(&self.slug));
        let (record, is_used) = (StoredSecret::new(record.expose()), Arc::clone(&self.is_used));
        Box::pin(async move {
            blocking(move || secrets.set(&name, &record)).await?;
            is_used.store(true, Ordering::Relaxed);
            Ok(())
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Cause>> {
        let (home, slug) = (self.home.clone(), self.slug.clone());
        Box::pin(async move {
            let lock = blocking(move || TokenLock::acquire(&home, &slug)).await?;
            Ok(Box::new(lock) as Box<dyn Send>)
        })
    }
}

/// Runs what touches files or the keychain where it holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, car_connectors_store::StoreError> + Send + 'static,
) -> Result<T, Cause> {
    tokio::task::spawn_blocking(work).await?.map_err(Into::into)
}
