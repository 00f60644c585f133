//! Tokens that were found good a moment ago.
//!
//! What is kept is a digest: a token is not to be found in the memory of the process for longer than its request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use car_mcp::server::Principal;
use ring::digest::{SHA256, digest};
use tokio::time::Instant;

use super::verifier::{BearerToken, VerifiedToken};

/// How many tokens one generation holds. Two of them are kept, which at some 300 bytes an entry makes 3 MiB at most.
const GENERATION: usize = 5_000;

/// The cache: a token is found in the young generation or in the old one, and a full young one becomes the old.
pub(super) struct Cache {
    lifetime: Duration,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Key, Entry>,
    old: HashMap<Key, Entry>,
}

type Key = [u8; 32];

#[derive(Clone)]
struct Entry {
    principal: Arc<Principal>,
    good_until: Instant,
}

impl Cache {
    pub(super) fn new(lifetime: Duration) -> Self {
        Self { lifetime, generations: Mutex::default() }
    }

    /// Returns in whose name a token speaks that was found good a moment ago.
    pub(super) fn get(&self, token: BearerToken<'_>) -> Option<Arc<Principal>> {
        if self.lifetime.is_zero() {
            return None;
        }
        let key = key(token);
        let generations = self.generations.lock().expect("nothing panics while it holds the cache");
        let entry = generations.young.get(&key).or_else(|| generations.old.get(&key))?;
        (Instant::now() < entry.good_until).then(|| Arc::clone(&entry.principal))
    }

    /// Keeps what a good token says, until it ends or the cache's time is over. `now` is the clock's time.
    pub(super) fn keep(
        &self,
        token: BearerToken<'_>,
        verified: VerifiedToken,
        now: SystemTime,
    ) -> Arc<Principal> {
        let principal = Arc::new(verified.principal);
        let left = verified.expires_at.map(|end| end.duration_since(now).unwrap_or_default());
        let lifetime = left.map_or(self.lifetime, |left| left.min(self.lifetime));
        if lifetime.is_zero() {
            return principal;
        }
        let entry = Entry { principal: Arc::clone(&principal), good_until: Instant::now() + lifetime };
        let mut generations = self.generations.lock().expect("nothing panics while it holds the cache");
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(key(token), entry);
        principal
    }
}

fn key(token: BearerToken<'_>) -> Key {
    let digest = digest(&SHA256, token.expose().as_bytes());
    digest.as_ref().try_into().expect("the digest has 32 bytes")
}

impl fmt::Debug for Cache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cache").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn verified(id: &str) -> VerifiedToken {
        VerifiedToken::new(Principal::new(id))
    }

    fn found(cache: &Cache, token: &str) -> Option<String> {
        cache.get(BearerToken::new(token)).map(|principal| principal.id.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_a_token_for_its_time_and_no_longer() {
        let cache = Cache::new(MINUTE);
        cache.keep(BearerToken::new("a"), verified("ada"), NOW);
        assert_eq!(found(&cache, "a").as_deref(), Some("ada"));
        assert_eq!(found(&cache, "b"), None);
        tokio::time::advance(MINUTE).await;
        assert_eq!(found(&cache, "a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn never_keeps_a_token_beyond_its_end() {
        let cache = Cache::new(MINUTE);
        let end = NOW + Duration::from_secs(10);
        cache.keep(BearerToken::new("a"), verified("ada").expires_at(end), NOW);
        cache.keep(BearerToken::new("b"), verified("ada").expires_at(NOW), NOW + MINUTE);
        assert_eq!(found(&cache, "b"), None);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(found(&cache, "a").is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(found(&cache, "a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_the_newest_tokens_and_only_so_many() {
        let cache = Cache::new(MINUTE);
        let total = 3 * GENERATION;
        for number in 0..total {
            cache.keep(BearerToken::new(&number.to_string()), verified("ada"), NOW);
        }
        assert_eq!(found(&cache, "0"), None);
        assert!((total - GENERATION..total).all(|number| found(&cache, &number.to_string()).is_some()));
        let generations = cache.generations.lock().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }

    #[tokio::test]
    async fn keeps_nothing_where_it_is_told_to() {
        let cache = Cache::new(Duration::ZERO);
        cache.keep(BearerToken::new("a"), verified("ada"), NOW);
        assert_eq!(found(&cache, "a"), None);
    }
}
