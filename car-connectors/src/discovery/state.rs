//! What a manager keeps for finding services.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use car_agentdns::rank::Vectors;
use car_connectors_store::{CacheFiles, Home, KnownServices, SourcesFile};
use car_engine::Clock;

use super::candidates::{Shelf, Shelved};
use super::mirrors::Mirrors;
use super::trouble::ranking_failed;
use super::versions::Versions;
use crate::error::Error;

/// What is kept from one search to the next.
pub(crate) struct Discovery {
    pub(crate) sources: SourcesFile,
    pub(crate) known: KnownServices,
    pub(crate) cache: CacheFiles,
    pub(crate) mirrors: Mirrors,
    pub(crate) versions: Versions,
    shelf: Mutex<Option<Arc<Shelf>>>,
    /// What a model made of services, once it was asked.
    pub(crate) vectors: tokio::sync::Mutex<Option<Vectors>>,
    clock: Arc<dyn Clock>,
}

impl Discovery {
    pub(crate) fn new(home: &Home, clock: Arc<dyn Clock>) -> Self {
        let cache = CacheFiles::new(home);
        Self {
            sources: SourcesFile::new(home),
            known: KnownServices::new(home),
            mirrors: Mirrors::new(cache.clone()),
            versions: Versions::new(cache.clone()),
            cache,
            shelf: Mutex::default(),
            vectors: tokio::sync::Mutex::default(),
            clock,
        }
    }

    /// Returns the time in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    /// Returns the index of these copies, made anew only if they have changed.
    pub(crate) async fn shelf(&self, of: Vec<Shelved>) -> Result<Arc<Shelf>, Error> {
        let kept = self.shelf.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(shelf) = kept.filter(|shelf| shelf.is_of(&of)) {
            return Ok(shelf);
        }
        let made = tokio::task::spawn_blocking(move || Shelf::new(of)).await;
        let shelf = Arc::new(made.map_err(ranking_failed)?.map_err(ranking_failed)?);
        *self.shelf.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&shelf));
        Ok(shelf)
    }
}
