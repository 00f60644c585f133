//! A vault that counts, that can be made to fail, and that can be held up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use car_oauth::driver::{MemoryVault, Vault};
use car_oauth::{Cause, Secret};
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

/// A vault whose clones share the record and the lock, as two processes do.
#[derive(Clone, Default)]
pub(crate) struct TestVault {
    kept: MemoryVault,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    stores: AtomicUsize,
    fails: AtomicBool,
    gate: Gate,
}

/// Holds stores up from [`TestVault::hold`] to [`TestVault::release`].
struct Gate {
    is_held: AtomicBool,
    waiting: watch::Sender<usize>,
    passes: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { is_held: AtomicBool::new(false), waiting: watch::Sender::new(0), passes: Semaphore::new(0) }
    }
}

impl TestVault {
    /// How often a record was kept.
    pub(crate) fn stores(&self) -> usize {
        self.shared.stores.load(Ordering::SeqCst)
    }

    /// Refuses to keep anything, or no longer.
    pub(crate) fn fail(&self, fails: bool) {
        self.shared.fails.store(fails, Ordering::SeqCst);
    }

    /// Lets the next stores wait.
    pub(crate) fn hold(&self) {
        self.shared.gate.is_held.store(true, Ordering::SeqCst);
    }

    /// Returns once a store waits.
    pub(crate) async fn until_held(&self) {
        let mut waiting = self.shared.gate.waiting.subscribe();
        waiting.wait_for(|waiting| *waiting > 0).await.unwrap();
    }

    /// Lets every store go on.
    pub(crate) fn release(&self) {
        self.shared.gate.is_held.store(false, Ordering::SeqCst);
        self.shared.gate.passes.add_permits(1_000);
    }

    /// What is kept, as it would be found on a disk.
    pub(crate) async fn text(&self) -> Option<String> {
        self.kept.load().await.unwrap().map(|record| record.expose().to_owned())
    }

    /// What is kept, taken apart.
    pub(crate) async fn record(&self) -> Value {
        serde_json::from_str(&self.text().await.unwrap()).unwrap()
    }

    /// The access token that is kept.
    pub(crate) async fn access_token(&self) -> Option<String> {
        self.record().await["grant"]["access_token"].as_str().map(str::to_owned)
    }

    /// Keeps this text, past all counting, as another program would.
    pub(crate) async fn put(&self, text: &str) {
        self.kept.store(&Secret::new(text)).await.unwrap();
    }

    /// Copies what is kept into a vault of its own, which no lock joins to this one.
    pub(crate) async fn copy(&self) -> Self {
        let copy = Self::default();
        copy.put(&self.text().await.unwrap()).await;
        copy
    }
}

impl Vault for TestVault {
    fn load(&self) -> BoxFuture<'_, Result<Option<Secret>, Cause>> {
        self.kept.load()
    }

    fn store<'a>(&'a self, record: &'a Secret) -> BoxFuture<'a, Result<(), Cause>> {
        Box::pin(async move {
            let gate = &self.shared.gate;
            if gate.is_held.load(Ordering::SeqCst) {
                gate.waiting.send_modify(|waiting| *waiting += 1);
                gate.passes.acquire().await.unwrap().forget();
            }
            if self.shared.fails.load(Ordering::SeqCst) {
                return Err("the keychain is locked".into());
            }
            self.shared.stores.fetch_add(1, Ordering::SeqCst);
            self.kept.store(record).await
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<Box<dyn Send>, Cause>> {
        self.kept.lock()
    }
}
