//! Renewing a token: once, however many tasks and processes ask.
//!
//! ```text
//!  my turn in this process ─▶ already renewed? use that
//!        │
//!        ▼
//!  my turn among processes ─▶ read the vault again ─▶ already renewed? use that
//!        │
//!        ▼
//!  refresh request ─▶ stored ─▶ used
//! ```
//!
//! A refresh token that was sent is never sent again unless its answer was lost: many servers take a second use for a
//! theft and revoke everything. That is why the new one is stored before it is used, and why a [`Renewer`] can do this
//! where nobody interrupts it.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::authorizer::{Authorizer, Current, Inner, Source};
use super::backoff::Backoff;
use super::fingerprint::Fingerprint;
use super::grant::Grant;
use super::record::{Failure, Record};
use super::settings::Method;
use super::tokens::Holder;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::issuer::Issuer;
use crate::registration::{ClientOrigin, KnownClient};
use crate::secret::Secret;
use crate::token::{Grant as GrantRequest, TokenRequest};

/// A token is renewed this many seconds before its end, or at the last tenth of its life if that is less.
const MARGIN: u64 = 60;

/// Up to this much of the margin is taken off by chance, so that programs that began together do not come together.
const JITTER: u64 = 20;

/// Does a renewal elsewhere, such as in a process of its own that outlives the one that asks.
pub trait Renewer: Send + Sync {
    /// Renews the tokens in the vault if they are due or are those that were refused; those that somebody else has
    /// renewed meanwhile are left alone. Ends when the vault holds them.
    ///
    /// # Errors
    /// Says why there are no new tokens.
    fn renew<'a>(&'a self, refused: Option<&'a Fingerprint>) -> BoxFuture<'a, Result<(), Error>>;
}

/// Why a token is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It ends soon, or has ended.
    Due,
    /// The server refused it.
    Refused,
}

impl Authorizer {
    /// Renews the tokens in the vault if they are due, or are those with this fingerprint: what a [`Renewer`] does in the
    /// process that it starts.
    ///
    /// # Errors
    /// [`Error::SignInRequired`], a transient error, or why the vault cannot be used.
    pub async fn renew_due(&self, refused: Option<&Fingerprint>) -> Result<(), Error> {
        let Some(current) = self.inner.current().await? else { return Err(nobody_signed_in()) };
        let is_refused =
            refused.is_some_and(|refused| *refused == Fingerprint::of(&current.grant.access_token));
        let now = self.inner.ambient.now();
        // Without chance: what is due for the process that asks is due here.
        if !is_refused && current.grant.serves(now, full_margin(&current.grant)) {
            return Ok(());
        }
        let cause = if is_refused { Cause::Refused } else { Cause::Due };
        // Whoever asks for this may end with it, and what could not be kept then would end too: nothing is spent before
        // the vault has shown that it takes something.
        let guard = self.inner.lock().await?;
        let record = self.inner.load().await?;
        self.inner.store(&record).await?;
        drop(guard);
        self.inner.renew(current.generation, cause).await.map(drop)
    }
}

/// Returns how many seconds before its end a token is due for renewal, at the most.
fn full_margin(grant: &Grant) -> u64 {
    MARGIN.min(grant.lifetime().unwrap_or(0) / 10)
}

fn nobody_signed_in() -> Error {
    Error::SignInRequired { reason: "nobody has signed in".to_owned() }
}

impl Inner {
    /// Returns how many seconds before its end a token is renewed.
    pub(super) fn margin(&self, grant: &Grant) -> u64 {
        if grant.refresh_token.is_none() && matches!(self.settings.method, Method::Person) {
            // There is nothing to renew it with: it serves to its end.
            return 0;
        }
        let margin = full_margin(grant);
        let [dice, ..] = self.ambient.random();
        let jitter = JITTER * u64::from(dice) / 255;
        margin.saturating_sub(jitter.min(margin / 3))
    }

    /// Puts another token in place of the one of this generation and returns it.
    ///
    /// # Cancel safety
    /// The renewal goes on in a task of its own: a refresh token that was sent is spent, and the answer is all there is.
    pub(super) async fn renew(
        self: &Arc<Self>,
        generation: u64,
        cause: Cause,
    ) -> Result<Option<Arc<Current>>, Error> {
        let current = self.current().await?;
        let turn = match Arc::clone(&self.turn).try_lock_owned() {
            Ok(turn) => turn,
            // Somebody is at it already; what still serves is good enough until they are done.
            Err(_) if cause == Cause::Due && self.still_serves(current.as_deref()) => return Ok(current),
            Err(_) => Arc::clone(&self.turn).lock_owned().await,
        };
        let current = self.state().current.clone();
        let Some(before) = current.clone() else { return Err(nobody_signed_in()) };
        if before.generation != generation {
            return Ok(current);
        }
        self.respect_backoff()?;
        let inner = Arc::clone(self);
        #[expect(clippy::disallowed_methods, reason = "it cleans up after a dropped call: see cancel safety")]
        let renewing = tokio::spawn(async move {
            let renewed = inner.renew_in_turn(&before, cause).await;
            drop(turn);
            renewed
        });
        match renewing.await {
            Ok(renewed) => renewed,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(stopped) => Err(Error::Vault { action: "renewed", source: stopped.into() }),
            },
        }
    }

    async fn renew_in_turn(&self, before: &Current, cause: Cause) -> Result<Option<Arc<Current>>, Error> {
        let renewed = match &self.renewer {
            Some(renewer) => self.renew_elsewhere(&**renewer, before, cause).await,
            None => self.renew_here(before).await,
        };
        let now = self.ambient.now();
        match &renewed {
            Ok(_) => self.state().backoff = Backoff::default(),
            Err(error) if error.is_transient() => self.state().backoff.fail(now),
            Err(_) => {}
        }
        renewed
    }

    fn still_serves(&self, current: Option<&Current>) -> bool {
        current.is_some_and(|current| current.grant.serves(self.ambient.now(), 0))
    }

    fn respect_backoff(&self) -> Result<(), Error> {
        let backoff = self.state().backoff;
        match backoff.left(self.ambient.now()) {
            0 => Ok(()),
            left => Err(Error::NotNow {
                reason: format!(
                    "the authorization server failed a moment ago and is asked again in {left} s"
                ),
            }),
        }
    }

    async fn renew_elsewhere(
        &self,
        renewer: &dyn Renewer,
        before: &Current,
        cause: Cause,
    ) -> Result<Option<Arc<Current>>, Error> {
        let fingerprint = Fingerprint::of(&before.grant.access_token);
        let outcome = renewer.renew((cause == Cause::Refused).then_some(&fingerprint)).await;
        let record = self.load().await?;
        let is_new = record.grant.as_ref().is_some_and(|grant| !grant.is_same_token(&before.grant));
        if is_new || record.grant.is_none() {
            let adopted = self.adopt(record.grant, Source::Renewed)?;
            return outcome.and(Ok(adopted));
        }
        outcome?;
        if cause == Cause::Due && self.still_serves(Some(before)) {
            return Ok(self.state().current.clone());
        }
        Err(Error::SignInRequired { reason: "the token could not be renewed".to_owned() })
    }

    async fn renew_here(&self, before: &Current) -> Result<Option<Arc<Current>>, Error> {
        let guard = self.lock().await?;
        let mut record = self.load().await?;
        let Some(grant) = record.grant.clone() else {
            self.adopt(None, Source::Kept)?;
            return Err(nobody_signed_in());
        };
        if !grant.is_same_token(&before.grant) {
            // Another process was here first.
            let adopted = self.adopt(Some(grant), Source::Renewed)?;
            if adopted.as_deref().is_some_and(|new| new.grant.serves(self.ambient.now(), 0)) {
                return Ok(adopted);
            }
        }
        let grant = record.grant.clone().unwrap_or_else(|| before.grant.clone());
        let outcome = match &grant.refresh_token {
            Some(token) => self.refresh(&record, &grant, token).await,
            None => self.obtain_again(&mut record).await,
        };
        let renewed = match outcome {
            Ok(renewed) => renewed,
            Err(error) => return self.settle_failure(record, &grant, error).await,
        };
        record.grant = Some(renewed.clone());
        record.last_failure = None;
        // Stored before it is used: whoever comes next must not send the old refresh token again.
        let stored = self.store_grant(record).await;
        drop(guard);
        let adopted = self.adopt(Some(renewed), Source::Renewed);
        // What cannot be stored still serves this program; that it will be lost with it is said.
        stored?;
        adopted
    }

    /// Gets another token without a refresh token, where that needs no person.
    async fn obtain_again(&self, record: &mut Record) -> Result<Grant, Error> {
        match self.settings.method {
            Method::Person => Err(Error::SignInRequired {
                reason: "the token has ended, and none was given to renew it".to_owned(),
            }),
            _ => self.obtain_unattended(record, None).await,
        }
    }

    async fn refresh(&self, record: &Record, grant: &Grant, token: &Secret) -> Result<Grant, Error> {
        let issuer = Issuer::parse(&grant.issuer)?;
        let endpoint = Endpoint::parse("token endpoint", &grant.token_endpoint)?;
        let client = self.client_of(record, grant, &issuer);
        let holder = Holder::of(grant, &client)?;
        let asking = holder.asking(self);
        let resource = grant.resource.as_deref();
        let response = asking
            .redeem(|| TokenRequest::new(&endpoint, GrantRequest::Refresh { token }, resource, None))
            .await?;
        Ok(grant.renewed(response, self.ambient.now()))
    }

    /// Finds the client that a grant was made with.
    pub(super) fn client_of(&self, record: &Record, grant: &Grant, issuer: &Issuer) -> KnownClient {
        let given = self.settings.pre_registered.as_ref().filter(|given| given.client_id == grant.client_id);
        if let Some(given) = given {
            let mut client = KnownClient::new(issuer.clone(), &*given.client_id, ClientOrigin::PreRegistered);
            client.credential = given.credential.clone();
            return client;
        }
        let mut known = record.known_clients().into_iter();
        let known = known.find(|client| client.issuer == *issuer && client.client_id == grant.client_id);
        known.unwrap_or_else(|| {
            KnownClient::new(issuer.clone(), &*grant.client_id, ClientOrigin::MetadataDocument)
        })
    }

    /// Decides what a failed renewal means for what is kept.
    async fn settle_failure(
        &self,
        mut record: Record,
        used: &Grant,
        error: Error,
    ) -> Result<Option<Arc<Current>>, Error> {
        let now = self.ambient.now();
        if !error.is_invalid_grant() && !error.is_invalid_client() {
            // Nothing was said about the tokens: they stay. The note is for whoever looks; not to have it is no harm.
            record.last_failure = Some(Failure { at: now, text: error.to_string() });
            drop(self.store(&record).await);
            return Err(error);
        }
        // A process that knows no lock, on another machine perhaps, may have renewed it: look once more.
        let latest = self.load().await?;
        if latest.grant.as_ref().is_some_and(|grant| !grant.is_same_token(used)) {
            return self.adopt(latest.grant, Source::Renewed);
        }
        if error.is_invalid_client() {
            record.forget_client(&used.issuer);
        }
        record.grant = None;
        record.last_failure = Some(Failure { at: now, text: error.to_string() });
        self.store(&record).await?;
        self.adopt(None, Source::Kept)?;
        Err(Error::SignInRequired { reason: format!("the sign-in is no longer valid: {error}") })
    }
}
