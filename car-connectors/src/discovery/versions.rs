//! Single versions as registries told of them, kept for when a registry cannot be asked.

use car_agentdns::registry::{Cached, RegistryReference};
use car_connectors_store::CacheFiles;
use serde::{Deserialize, Serialize};

/// What was told of single versions.
#[derive(Clone)]
pub(crate) struct Versions {
    cache: CacheFiles,
}

/// One of them.
pub(crate) struct KeptVersion {
    pub(crate) cached: Cached,
    /// When it was told, in seconds since 1970.
    pub(crate) told_at: u64,
}

/// How it is kept.
#[derive(Serialize, Deserialize)]
struct Written {
    etag: Option<String>,
    told_at: u64,
    text: String,
}

impl Versions {
    pub(crate) fn new(cache: CacheFiles) -> Self {
        Self { cache }
    }

    /// Returns what a registry said of a version, if that is known. What cannot be read is as good as nothing.
    pub(crate) async fn known(&self, base: &str, reference: &RegistryReference) -> Option<KeptVersion> {
        let (cache, key, wanted) = (self.cache.clone(), key(base, reference), reference.clone());
        let read = move || {
            let written: Written = serde_json::from_slice(&cache.read(&key).ok()??).ok()?;
            let cached = Cached::from_text(written.text, written.etag, &wanted).ok()?;
            Some(KeptVersion { cached, told_at: written.told_at })
        };
        tokio::task::spawn_blocking(read).await.ok().flatten()
    }

    /// Keeps what a registry said of a version. If it cannot be kept, it is asked for again.
    pub(crate) async fn keep(&self, base: &str, reference: &RegistryReference, told: &Cached, told_at: u64) {
        let (cache, key) = (self.cache.clone(), key(base, reference));
        let written = Written { etag: told.etag.clone(), told_at, text: told.text.clone() };
        let write = move || {
            let text = serde_json::to_vec(&written).expect("texts and a number are JSON");
            if let Err(error) = cache.write(&key, &text) {
                tracing::info!(%error, "what a registry said of a version is not kept");
            }
        };
        drop(tokio::task::spawn_blocking(write).await);
    }
}

fn key(base: &str, reference: &RegistryReference) -> String {
    format!("version {reference} {base}")
}
