//! Copies of registries: in memory while the program runs, in the cache from one program to the next.
//!
//! ```text
//!   cache file ──▶ Slot (one for each registry) ──▶ Arc<Mirror>, read by whoever searches
//!                    │      ▲
//!             one at a time │ whatever was read, also of a reading that was given up
//!                    ▼      │
//!                  RegistryClient::sync
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use car_agentdns::Error;
use car_agentdns::registry::{Mirror, RegistryClient};
use car_connectors_store::CacheFiles;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::trouble::with_causes;

/// How long a copy is taken as it is, in seconds. Entries change by the hour, not by the minute.
pub(crate) const FRESH_SECONDS: u64 = 60 * 60;

/// All copies.
pub(crate) struct Mirrors {
    cache: CacheFiles,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

/// The copy of one registry.
#[derive(Default)]
pub(crate) struct Slot {
    /// Held while it is brought up to date, so that those who come together do it once.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<SlotState>,
}

#[derive(Default)]
struct SlotState {
    mirror: Option<Arc<Mirror>>,
    last_error: Option<String>,
}

/// How bringing a copy up to date ended.
pub(crate) struct Brought {
    pub(crate) mirror: Arc<Mirror>,
    /// Why it did not come to its end.
    pub(crate) stopped: Option<Error>,
}

impl Mirrors {
    pub(crate) fn new(cache: CacheFiles) -> Self {
        Self { cache, slots: Mutex::default() }
    }

    /// Returns the copy of a registry as it is known here, which may be empty.
    pub(crate) async fn known(&self, base: &str) -> Arc<Mirror> {
        let slot = self.slot(base);
        if let Some(mirror) = slot.mirror() {
            return mirror;
        }
        let (cache, key, owned) = (self.cache.clone(), key(base), base.to_owned());
        let read = tokio::task::spawn_blocking(move || read(&cache, &key, &owned)).await;
        let mirror = read.ok().flatten().unwrap_or_else(|| Mirror::new(base));
        // Somebody else may have been quicker, and newer.
        Arc::clone(slot.lock().mirror.get_or_insert_with(|| Arc::new(mirror)))
    }

    /// Brings a copy up to date, or as far as it comes until then. What has been read is kept, also if this future is
    /// dropped.
    pub(crate) async fn bring_up_to_date(
        &self,
        base: &str,
        client: &RegistryClient,
        now: u64,
        until: Instant,
    ) -> Brought {
        let before = self.known(base).await;
        let slot = self.slot(base);
        let Ok(_turn) = tokio::time::timeout_at(until, slot.turn.lock()).await else {
            return Brought { mirror: slot.mirror().unwrap_or(before), stopped: None };
        };
        let mirror = slot.mirror().unwrap_or_else(|| Arc::clone(&before));
        if !Arc::ptr_eq(&mirror, &before) && is_fresh(&mirror, now) {
            // It was brought up to date while this waited for its turn.
            return Brought { mirror, stopped: None };
        }
        let mut reading = Reading {
            mirror: Mirror::clone(&mirror),
            is_open: true,
            slot: Arc::clone(&slot),
            cache: self.cache.clone(),
            key: key(base),
        };
        let budget = until.saturating_duration_since(Instant::now());
        let synced = client.sync(&mut reading.mirror, now, budget).await;
        // One that was read as long as it might be is not at fault.
        let is_out_of_time = |error: &&Error| matches!(error, Error::TimedOut { .. }) && synced.pages > 0;
        let fault = synced.stopped.as_ref().filter(|error| !is_out_of_time(error));
        slot.lock().last_error = fault.map(|error| with_causes(error));
        // Where nobody answered there is nothing new to keep.
        reading.is_open = synced.pages > 0 || synced.stopped.is_none();
        if let Some(written) = reading.keep() {
            drop(written.await);
        }
        Brought { mirror: slot.mirror().unwrap_or(before), stopped: synced.stopped }
    }

    /// Returns why a registry could not be read the last time, if it could not.
    pub(crate) fn last_error(&self, base: &str) -> Option<String> {
        self.slot(base).lock().last_error.clone()
    }

    /// Forgets the copy of a registry, here and in the cache. Blocks.
    pub(crate) fn forget(&self, base: &str) {
        self.lock().remove(base);
        if let Err(error) = self.cache.remove(&key(base)) {
            tracing::info!(%error, "the copy of a registry stays in the cache");
        }
    }

    fn slot(&self, base: &str) -> Arc<Slot> {
        Arc::clone(self.lock().entry(base.to_owned()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn mirror(&self) -> Option<Arc<Mirror>> {
        self.lock().mirror.clone()
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        // Each change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy while it is brought up to date. It is kept when this is dropped, however that comes about.
struct Reading {
    mirror: Mirror,
    /// Whether it is still to be kept.
    is_open: bool,
    slot: Arc<Slot>,
    cache: CacheFiles,
    key: String,
}

impl Reading {
    /// Takes the copy into use and writes it into the cache, on a thread that may block.
    fn keep(&mut self) -> Option<JoinHandle<()>> {
        if !std::mem::take(&mut self.is_open) {
            return None;
        }
        let mirror = Arc::new(std::mem::take(&mut self.mirror));
        self.slot.lock().mirror = Some(Arc::clone(&mirror));
        let (cache, key) = (self.cache.clone(), std::mem::take(&mut self.key));
        // Outside a runtime, which is where a program ends, there is nobody to write it.
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        Some(runtime.spawn_blocking(move || {
            if let Err(error) = cache.write(&key, &mirror.to_json()) {
                tracing::warn!(%error, "the copy of a registry cannot be kept and will be read again");
            }
        }))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        drop(self.keep());
    }
}

/// Returns whether a copy is whole and young enough to be taken as it is.
pub(crate) fn is_fresh(mirror: &Mirror, now: u64) -> bool {
    let age = mirror.synced_at().and_then(|synced| now.checked_sub(synced));
    mirror.is_complete() && age.is_some_and(|age| age < FRESH_SECONDS)
}

/// Returns how much of the time that is left may go into asking: the rest is for ranking and writing.
pub(crate) fn asking_time(deadline: Duration) -> Duration {
    /// The most that is kept back.
    const MOST_KEPT_BACK: Duration = Duration::from_millis(800);
    deadline.saturating_sub((deadline / 5).min(MOST_KEPT_BACK))
}

fn key(base: &str) -> String {
    format!("registry {base}")
}

fn read(cache: &CacheFiles, key: &str, base: &str) -> Option<Mirror> {
    let content = match cache.read(key) {
        Ok(content) => content?,
        Err(error) => {
            tracing::warn!(%error, "the copy of a registry cannot be read and is made anew");
            return None;
        }
    };
    match Mirror::from_json_of(base, &content) {
        Ok(mirror) => Some(mirror),
        Err(error) => {
            tracing::info!(error, "the copy of a registry is of no use and is made anew");
            None
        }
    }
}
