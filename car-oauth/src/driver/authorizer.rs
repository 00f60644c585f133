//! The authorizer of one account at one MCP server: what its requests carry.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use car_http::{ClientBuilder, HeaderMap, HeaderName, HeaderValue, Origin, Target, header};
use url::Url;

use super::agent::UserAgent;
use super::ambient::{Ambient, SystemAmbient};
use super::backoff::Backoff;
use super::builder::AuthorizerBuilder;
use super::grant::Grant;
use super::kept::Unkept;
use super::record::AccountRecord;
use super::renew::{Cause, Renewer};
use super::settings::Settings;
use super::sign_in::SignedIn;
use super::tokens::{DPOP, prove, remember_nonce, secret_value};
use super::vault::Vault;
use super::web::Web;
use crate::challenge::Demand;
use crate::dpop::NonceJar;
use crate::error::Error;
use crate::identity::Identity;
use crate::keys::SigningKey;
use crate::scope::Scopes;
use crate::secret::Secret;

/// What a request carries.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Proof {
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Which token they were made from. Comes back in a [`Refusal`].
    pub generation: u64,
}

/// A server's word that a request needs more than it carried.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the caller makes it from an answer")]
pub struct Refusal<'a> {
    /// 401 or 403.
    pub status: u16,
    /// Every `WWW-Authenticate` value.
    pub challenges: &'a [String],
    /// All headers of the answer.
    pub headers: &'a HeaderMap,
    /// The generation of the [`Proof`] that the request carried.
    pub generation: u64,
}

/// Whose account is used, and how it stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Account {
    /// Who signed in, if the authorization server told.
    pub identity: Option<Identity>,
    /// Whether there are tokens.
    pub signed_in: bool,
    /// The authorization server.
    pub issuer: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// What was granted, or else what was asked for.
    pub scopes: Option<Scopes>,
    /// What the server asked for when nobody was there to grant it.
    pub wanted: Option<Scopes>,
    /// Why the last renewal failed, if it did.
    pub last_failure: Option<String>,
}

/// Proves who asks, for one account at one MCP server: keeps its tokens, renews them, and signs in where that is wanted.
///
/// Cheap to clone; clones are the same authorizer. However many tasks and processes use it, one refresh is made.
///
/// # Cancel safety
/// Dropping the future of any method leaves the tokens as they were before or as they are after: a renewal under way goes
/// on by itself. Should the program end meanwhile, it may be lost at servers that rotate tokens, which [`Renewer`] is for.
#[derive(Clone)]
pub struct Authorizer {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) web: Web,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) ambient: Arc<dyn Ambient>,
    pub(super) agent: Option<Arc<dyn UserAgent>>,
    pub(super) renewer: Option<Arc<dyn Renewer>>,
    /// Held by whoever changes the tokens.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    pub(super) nonces: Mutex<NonceJar>,
    pub(super) state: Mutex<State>,
    /// The only place that tokens are sent to.
    pub(super) origin: Origin,
}

/// What is known while the program runs.
#[derive(Default)]
pub(super) struct State {
    pub(super) current: Option<Arc<Current>>,
    /// Whether the vault has been looked into.
    pub(super) is_loaded: bool,
    pub(super) generation: u64,
    /// How often each set of permissions was asked for beyond the first sign-in.
    pub(super) step_ups: HashMap<String, u32>,
    /// What the server demanded last.
    pub(super) demand: Option<Demand>,
    pub(super) backoff: Backoff,
    /// What should be in the vault and could not be put there.
    pub(super) unkept: Option<Unkept>,
    /// The access token that the vault held when it was last looked into.
    pub(super) in_vault: Option<Secret>,
    /// The last sign-in, until somebody asks.
    pub(super) news: Option<SignedIn>,
    /// Changes with every sign-in, and not with a renewal: requests are made for another account from then on.
    pub(super) account_generation: u64,
}

/// The token in use.
pub(super) struct Current {
    pub(super) grant: Grant,
    pub(super) generation: u64,
    pub(super) source: Source,
    /// Whether the server has accepted it.
    pub(super) is_accepted: AtomicBool,
    authorization: HeaderValue,
    pub(super) key: Option<SigningKey>,
}

/// Where a token comes from: what is to be done when it is refused depends on that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// It was in the vault when the program began.
    Kept,
    /// It comes from a renewal, here or in another process.
    Renewed,
    /// It was issued for this program just now.
    Issued,
}

impl Authorizer {
    /// Begins an authorizer whose tokens are kept in `vault`.
    pub fn builder(settings: Settings, vault: Arc<dyn Vault>) -> AuthorizerBuilder {
        AuthorizerBuilder {
            settings,
            vault,
            http: ClientBuilder::default(),
            ambient: Arc::new(SystemAmbient),
            agent: None,
            renewer: None,
        }
    }

    /// Returns what a request to this URL carries. A token that ends soon is renewed first; where there is no token the
    /// proof is empty, and the server says what it wants.
    ///
    /// # Errors
    /// [`Error::SignInRequired`] where the token has ended, cannot be renewed and nobody can be asked; a transient error
    /// where it cannot be renewed now.
    pub async fn prove(&self, method: &str, url: impl AsRef<str>) -> Result<Proof, Error> {
        let url = url.as_ref();
        if !self.inner.is_own(url) {
            // Never sent elsewhere, whoever asks.
            return Ok(Proof { headers: Vec::new(), generation: self.inner.state().generation });
        }
        let current = self.inner.fresh().await?;
        match current {
            None => Ok(Proof { headers: Vec::new(), generation: self.inner.state().generation }),
            Some(current) => self.inner.proof(&current, method, url),
        }
    }

    /// Sees the headers of an answer that is no refusal.
    pub fn answered(&self, headers: &HeaderMap) {
        let current = self.inner.state().current.clone();
        let Some(current) = current else { return };
        current.is_accepted.store(true, Ordering::Relaxed);
        if current.key.is_some() {
            remember_nonce(&self.inner.nonces, &self.inner.settings.server, headers);
        }
    }

    /// Returns a number that changes whenever requests begin to be made for another account, for caches of answers that
    /// are one account's own.
    pub fn account_generation(&self) -> u64 {
        self.inner.state().account_generation
    }

    /// Returns the last sign-in, once: for whoever keeps a list of accounts.
    pub fn take_news(&self) -> Option<SignedIn> {
        self.inner.state().news.take()
    }

    /// Returns whose account is used.
    ///
    /// # Errors
    /// [`Error::Vault`] where the record cannot be read.
    pub async fn account(&self) -> Result<Account, Error> {
        let record = self.inner.load().await?;
        let grant = record.grant.as_ref();
        Ok(Account {
            identity: record.account.as_ref().map(AccountRecord::to_identity),
            signed_in: grant.is_some(),
            issuer: grant.map(|grant| grant.issuer.clone()),
            client_id: grant.map(|grant| grant.client_id.clone()),
            scopes: grant.and_then(|grant| grant.scopes.clone().or_else(|| grant.requested.clone())),
            wanted: record.wanted.clone(),
            last_failure: record.last_failure.as_ref().map(|failure| failure.text.clone()),
        })
    }
}

impl Inner {
    /// Returns a token that serves; nothing where there is none at all.
    async fn fresh(self: &Arc<Self>) -> Result<Option<Arc<Current>>, Error> {
        let Some(current) = self.current().await? else { return Ok(None) };
        if current.grant.serves(self.ambient.now(), self.margin(&current.grant)) {
            return Ok(Some(current));
        }
        match self.renew(current.generation, Cause::Due).await {
            Ok(renewed) => Ok(renewed),
            // With somebody to ask, the server is let speak first: it says what to sign in for.
            Err(Error::SignInRequired { .. }) if self.agent.is_some() => Ok(None),
            Err(error) if !error.is_sign_in_required() && current.grant.serves(self.ambient.now(), 0) => {
                tracing::warn!(%error, "a token could not be renewed ahead of its end; it is used as it is");
                Ok(Some(current))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the token in use, looking into the vault the first time.
    pub(super) async fn current(&self) -> Result<Option<Arc<Current>>, Error> {
        {
            let state = self.state();
            if state.is_loaded {
                return Ok(state.current.clone());
            }
        }
        let record = self.load().await?;
        let mut state = self.state();
        if !state.is_loaded {
            state.is_loaded = true;
            state.generation += 1;
            let generation = state.generation;
            state.current =
                record.grant.map(|grant| Current::new(grant, generation, Source::Kept)).transpose()?;
        }
        Ok(state.current.clone())
    }

    /// Tells whether a URL is on the server's origin. Nearly always it is the very one that the settings have.
    fn is_own(&self, url: &str) -> bool {
        url == self.settings.server.as_str()
            || Target::parse(url).is_ok_and(|target| *target.origin() == self.origin)
    }

    fn proof(&self, current: &Current, method: &str, url: &str) -> Result<Proof, Error> {
        let mut headers = vec![(header::AUTHORIZATION, current.authorization.clone())];
        if let Some(key) = &current.key {
            let token = Some(&current.grant.access_token);
            let url = Url::parse(url).map_err(|error| Error::InvalidSettings { what: error.to_string() })?;
            let proof = prove(key, method, &url, token, &self.nonces, &*self.ambient)?;
            headers.push((DPOP, secret_value(&proof)?));
        }
        Ok(Proof { headers, generation: current.generation })
    }

    /// Takes a grant into use that is in the vault already.
    pub(super) fn adopt(&self, grant: Option<Grant>, source: Source) -> Result<Option<Arc<Current>>, Error> {
        let mut state = self.state();
        state.is_loaded = true;
        state.generation += 1;
        if source != Source::Renewed {
            state.account_generation += 1;
        }
        let generation = state.generation;
        state.current = grant.map(|grant| Current::new(grant, generation, source)).transpose()?;
        Ok(state.current.clone())
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Each change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    fn new(grant: Grant, generation: u64, source: Source) -> Result<Arc<Self>, Error> {
        let key =
            grant.dpop_key.as_ref().map(|key| SigningKey::from_pem(key.expose(), None, None)).transpose()?;
        let scheme = if key.is_some() { "DPoP" } else { "Bearer" };
        let authorization = Secret::new(format!("{scheme} {}", grant.access_token.expose()));
        Ok(Arc::new(Self {
            authorization: secret_value(&authorization)?,
            grant,
            generation,
            source,
            is_accepted: AtomicBool::new(false),
            key,
        }))
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authorizer").field("server", &self.inner.origin).finish_non_exhaustive()
    }
}
