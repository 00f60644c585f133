//! What to do about a request that was refused.
//!
//! ```text
//!  another token by now? ── yes ─▶ send again
//!        │ no
//!  401 ─▶ read the resource metadata again ─▶ same authorization server? ─▶ renew once ─▶ send again
//!   │            │ another one                     │ cannot, or renewed and refused again
//!   │            ▼                                 ▼
//!  403 insufficient_scope ─▶ union of scopes ─▶ sign in: by a person, or by itself; else say so
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::authorizer::{Authorizer, Current, Inner, Refusal, Source};
use super::discover::{self, Found};
use super::renew::Cause;
use super::settings::Method;
use super::tokens::remember_nonce;
use crate::challenge::Demand;
use crate::error::Error;
use crate::scope::Scopes;

/// How often the same permissions are asked for after the first sign-in: with that three authorization requests in all
/// ("no more than a few times", MCP 2026-07-28, authorization, step-up flow).
const MAX_STEP_UPS: u32 = 2;

/// How long a token is new, in seconds: a server that refuses one that it has just been given does not want it, and
/// another would fare no better.
const MOMENT: u64 = 60;

/// How many sets of permissions are remembered as asked for. A server that invents new ones is stopped here too.
const MAX_ELEVATIONS: usize = 32;

impl Authorizer {
    /// Deals with a request that was refused. True means that it may be sent again: its proof will be another.
    ///
    /// # Errors
    /// [`Error::SignInRequired`] where only a person can go on and none can be asked; a transient error where it may go
    /// on later; what is wrong with the server's metadata.
    pub async fn refused(&self, refusal: &Refusal<'_>) -> Result<bool, Error> {
        let inner = &self.inner;
        let demand = Demand::from_values(refusal.challenges.iter().map(String::as_str));
        if remember_nonce(&inner.nonces, &inner.settings.server, refusal.headers)
            && demand.is_use_dpop_nonce()
        {
            return Ok(true);
        }
        let wants_more = refusal.status == 403 && demand.is_insufficient_scope();
        if refusal.status != 401 && !wants_more {
            return Ok(false);
        }
        inner.state().demand = Some(demand.clone());
        let current = inner.current().await?;
        if inner.state().generation != refusal.generation {
            return Ok(true);
        }
        if wants_more {
            inner.step_up(&demand, current.as_deref(), refusal.generation).await
        } else {
            inner.unauthorized(&demand, current, refusal.generation).await
        }
    }
}

impl Inner {
    async fn unauthorized(
        self: &Arc<Self>,
        demand: &Demand,
        current: Option<Arc<Current>>,
        generation: u64,
    ) -> Result<bool, Error> {
        let Some(current) = current else {
            // Somebody may have signed in elsewhere.
            if self.take_newer(None, Source::Kept).await? {
                return Ok(true);
            }
            return self.authorize_again(demand, None, generation, "nobody has signed in").await;
        };
        // Who authorizes may have changed: what was known before is not trusted.
        if !self.is_still_of(&current, demand).await? {
            let reason = "the server now sends to another authorization server";
            return self.authorize_again(demand, None, generation, reason).await;
        }
        let age = self.ambient.now().since(current.grant.obtained_at);
        // A token that nobody has used for a while may simply have come to its end.
        let is_accepted = current.is_accepted.load(Ordering::Relaxed) || age >= MOMENT;
        match current.source {
            // Another process may have renewed it once more, which ended this one.
            Source::Renewed if !is_accepted && self.take_newer(Some(&current), Source::Renewed).await? => {
                Ok(true)
            }
            Source::Issued if !is_accepted => Err(Error::SignInRequired {
                reason: "the server refused the token that was issued for it a moment ago".to_owned(),
            }),
            Source::Renewed if !is_accepted => {
                let reason = "the server refused a token that was renewed a moment ago";
                self.authorize_again(demand, None, generation, reason).await
            }
            _ => match self.renew(generation, Cause::Refused).await {
                Ok(_) => Ok(true),
                Err(Error::SignInRequired { reason }) => {
                    let now = self.state().generation;
                    self.authorize_again(demand, None, now, &reason).await
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Tells whether the server still names the authorization server that the token is from.
    async fn is_still_of(&self, current: &Current, demand: &Demand) -> Result<bool, Error> {
        match discover::resource(&self.web, &self.settings.server, demand).await? {
            Found::Resource(resource) => {
                Ok(resource.issuers().iter().any(|issuer| issuer.as_str() == current.grant.issuer))
            }
            // A server of 2025-03-26 says nothing, and never did.
            Found::Nothing(_) => Ok(true),
        }
    }

    async fn step_up(
        &self,
        demand: &Demand,
        current: Option<&Current>,
        generation: u64,
    ) -> Result<bool, Error> {
        // Somebody may have granted it elsewhere.
        if self.take_newer(current, Source::Kept).await? {
            return Ok(true);
        }
        let wanted = demand.scope.clone().unwrap_or_default();
        {
            let mut state = self.state();
            let is_full = state.step_ups.len() >= MAX_ELEVATIONS;
            let rounds = state.step_ups.entry(wanted.to_string()).or_default();
            if *rounds >= MAX_STEP_UPS || is_full {
                return Err(Error::TooManyStepUps { rounds: *rounds });
            }
            *rounds += 1;
        }
        let before = current.map(|current| current.grant.permissions());
        let reason = if wanted.is_empty() {
            "the server asks for more permissions".to_owned()
        } else {
            format!("the server asks for more permissions: {wanted}")
        };
        self.authorize_again(demand, Some(before.unwrap_or_default()), generation, &reason).await
    }

    /// Gets another grant: from a person where one can be asked, without one where that is the way.
    async fn authorize_again(
        &self,
        demand: &Demand,
        before: Option<Scopes>,
        generation: u64,
        reason: &str,
    ) -> Result<bool, Error> {
        let turn = self.turn.lock().await;
        if self.state().generation != generation {
            return Ok(true);
        }
        match (&self.settings.method, &self.agent) {
            (Method::Person, Some(agent)) => self.visit(&**agent, demand, before.as_ref()).await.map(drop)?,
            (Method::Person, None) => {
                if before.is_some() {
                    self.note_wanted(demand.scope.as_ref()).await?;
                }
                return Err(Error::SignInRequired { reason: reason.to_owned() });
            }
            _ => self.authorize_unattended(before.as_ref()).await?,
        }
        drop(turn);
        Ok(true)
    }

    /// Remembers what was asked for, so that the next sign-in asks for it.
    async fn note_wanted(&self, wanted: Option<&Scopes>) -> Result<(), Error> {
        let Some(wanted) = wanted else { return Ok(()) };
        let guard = self.lock().await?;
        let mut record = self.load().await?;
        record.wanted = Some(record.wanted.unwrap_or_default().union(wanted));
        self.store(&record).await?;
        drop(guard);
        Ok(())
    }
}
