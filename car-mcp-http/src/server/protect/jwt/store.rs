//! The keys of an issuer, kept: fetched when they are needed, by one request for all.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::algorithm::Algorithm;
use super::fetch::{FetchError, Fetched, Fetcher};
use super::key::Key;
use crate::server::protect::verifier::VerifyError;

/// How long an unknown `kid` does not make keys be fetched again after they were: anybody can make one up.
const REFETCH_AFTER: Duration = Duration::from_secs(30);
/// How long it is not tried again after keys could not be fetched.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Keys as they were published at one moment.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Key>,
    fresh_until: Instant,
    /// Until when the keys are used if no others can be fetched.
    usable_until: Instant,
}

impl KeySet {
    /// Returns the keys that may have signed a token with this `kid` and algorithm.
    pub(super) fn fitting<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a Key> {
        self.keys.iter().filter(move |key| key.fits(kid, algorithm))
    }

    fn has(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        self.fitting(kid, algorithm).next().is_some()
    }
}

/// Where keys are kept.
pub(super) enum KeyStore {
    /// They never change.
    Fixed(Arc<KeySet>),
    /// They are fetched.
    Fetched(Arc<Store>),
}

pub(super) struct Store {
    fetcher: Fetcher,
    /// How long keys are used after they were fresh, while no others can be fetched.
    stale_for: Duration,
    state: Mutex<State>,
    /// Held by whoever fetches.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct State {
    set: Option<Arc<KeySet>>,
    /// When keys were last fetched, and whether that went well.
    last: Option<(Instant, bool)>,
}

impl KeyStore {
    pub(super) fn fixed(keys: Vec<Key>) -> Self {
        let now = Instant::now();
        Self::Fixed(Arc::new(KeySet { keys, fresh_until: now, usable_until: now }))
    }

    pub(super) fn fetched(fetcher: Fetcher, stale_for: Duration) -> Self {
        let (state, fetching) = (Mutex::default(), Arc::default());
        Self::Fetched(Arc::new(Store { fetcher, stale_for, state, fetching }))
    }

    /// Returns the keys among which that of a token with this `kid` and algorithm is, if there is one at all.
    ///
    /// # Errors
    /// Says that there are no keys at the moment.
    ///
    /// # Cancel safety
    /// What is being fetched is fetched to its end and kept.
    pub(super) async fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<KeySet>, VerifyError> {
        match self {
            Self::Fixed(set) => Ok(Arc::clone(set)),
            Self::Fetched(store) => store.find(kid, algorithm).await,
        }
    }
}

/// What to do with the keys that are there.
enum Look {
    /// These are the ones.
    Found(Arc<KeySet>),
    /// Others should be fetched; these may do until then.
    Fetch(Option<Arc<KeySet>>),
    /// There are none, and it is too early to try again.
    Wait(Duration),
}

impl Store {
    async fn find(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<KeySet>, VerifyError> {
        let guard = match self.look(kid, algorithm) {
            Look::Found(set) => return Ok(set),
            Look::Wait(retry_after) => return Err(VerifyError::Unavailable { retry_after }),
            Look::Fetch(None) => Arc::clone(&self.fetching).lock_owned().await,
            // One request waits for fresh keys; the others need not.
            Look::Fetch(Some(set)) => match Arc::clone(&self.fetching).try_lock_owned() {
                Ok(guard) => guard,
                Err(_) => return Ok(set),
            },
        };
        // Another may have fetched them while this one waited for its turn.
        if let Look::Fetch(_) = self.look(kid, algorithm) {
            let store = Arc::clone(self);
            #[expect(
                clippy::disallowed_methods,
                reason = "many wait for the keys: a client that hangs up must not undo it"
            )]
            let fetching = tokio::spawn(async move {
                let fetched = store.fetcher.fetch().await;
                store.note(fetched);
                drop(guard);
            });
            // It cannot be aborted by anybody; if it panicked, there are no new keys.
            fetching.await.ok();
        }
        match self.look(kid, algorithm) {
            Look::Found(set) | Look::Fetch(Some(set)) => Ok(set),
            Look::Wait(retry_after) => Err(VerifyError::Unavailable { retry_after }),
            Look::Fetch(None) => Err(VerifyError::Unavailable { retry_after: RETRY_AFTER }),
        }
    }

    fn look(&self, kid: Option<&str>, algorithm: Algorithm) -> Look {
        let now = Instant::now();
        let state = self.state.lock().expect("nothing panics while it holds the keys");
        let usable = state.set.as_ref().filter(|set| now < set.usable_until);
        let known = usable.filter(|set| set.has(kid, algorithm));
        if let Some(set) = known.filter(|set| now < set.fresh_until) {
            return Look::Found(Arc::clone(set));
        }
        let Some((at, went_well)) = state.last else { return Look::Fetch(None) };
        let pause = if went_well { REFETCH_AFTER } else { RETRY_AFTER };
        let left = (at + pause).saturating_duration_since(now);
        if left.is_zero() {
            return Look::Fetch(known.cloned());
        }
        match known {
            Some(set) => Look::Found(Arc::clone(set)),
            // They are as new as can be: a token of another key is none of the issuer's.
            None if went_well => usable.map_or(Look::Wait(left), |set| Look::Found(Arc::clone(set))),
            None => Look::Wait(left),
        }
    }

    fn note(&self, fetched: Result<Fetched, FetchError>) {
        let now = Instant::now();
        let mut state = self.state.lock().expect("nothing panics while it holds the keys");
        state.last = Some((now, fetched.is_ok()));
        match fetched {
            Ok((keys, fresh_for)) => {
                let fresh_until = now + fresh_for;
                let usable_until = fresh_until + self.stale_for;
                state.set = Some(Arc::new(KeySet { keys, fresh_until, usable_until }));
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::warn!(%error, cause, "the keys of the issuer could not be fetched");
            }
        }
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(set) => formatter.debug_tuple("Fixed").field(&set.keys.len()).finish(),
            Self::Fetched(store) => formatter.debug_tuple("Fetched").field(&store.fetcher.source).finish(),
        }
    }
}
