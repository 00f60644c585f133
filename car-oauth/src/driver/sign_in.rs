//! A person signs in: from the authorization request to tokens in the vault.

use url::Url;

use super::agent::{Invitation, UserAgent, Visit};
use super::authorizer::{Authorizer, Inner};
use super::grant::Grant;
use super::keep::{ConfirmAccount, Finished};
use super::plan::Plan;
use crate::authorize::{AuthorizedCode, PendingAuthorization, Rejection};
use crate::challenge::Demand;
use crate::client_auth::AuthMethod;
use crate::error::Error;
use crate::identity::Identity;
use crate::keys::SigningKey;
use crate::redirect_uri::RedirectUri;
use crate::registration::KnownClient;
use crate::response::AuthorizationResponse;
use crate::scope::Scopes;

/// A sign-in that waits for the browser's answer. Holds the verifier of its code and is good for one answer.
#[derive(Debug)]
pub struct PendingSignIn {
    pub(super) pending: PendingAuthorization,
    pub(super) plan: Plan,
    pub(super) client: KnownClient,
    pub(super) method: AuthMethod,
    pub(super) key: Option<SigningKey>,
}

impl PendingSignIn {
    /// Returns the state by which the answer is recognised.
    #[must_use]
    pub fn state(&self) -> &str {
        self.pending.state()
    }
}

/// Why an answer did not lead to tokens.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "the answer was for somebody else, or it was the answer")]
pub enum Incomplete {
    /// The answer was not for this sign-in, which still waits.
    Foreign(Box<PendingSignIn>, Error),
    /// It is over.
    Failed(Error),
}

/// Who signed in, and to what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The authorization server.
    pub issuer: String,
    /// The client that was used.
    pub client_id: String,
    /// Where tokens are asked for.
    pub token_endpoint: String,
    /// The resource that the tokens are for; nothing where the server takes none.
    pub resource: Option<String>,
    /// Who it was, if the server told.
    pub identity: Option<Identity>,
    /// What was granted, or else what was asked for.
    pub scopes: Option<Scopes>,
    /// Whether the token can be renewed without a person.
    pub is_renewable: bool,
}

impl SignedIn {
    pub(super) fn of(grant: &Grant) -> Self {
        Self {
            issuer: grant.issuer.clone(),
            client_id: grant.client_id.clone(),
            token_endpoint: grant.token_endpoint.clone(),
            resource: grant.resource.clone(),
            identity: None,
            scopes: grant.scopes.clone().or_else(|| grant.requested.clone()),
            is_renewable: grant.refresh_token.is_some(),
        }
    }
}

impl Authorizer {
    /// Takes a person through a sign-in and keeps what comes of it.
    ///
    /// # Errors
    /// Says what could not be found out, who refused, or that nobody came back. [`Error::Vault`] with the action
    /// "stored" says that the person is signed in until the program ends, and that the tokens could not be kept.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind: no port, no token.
    pub async fn sign_in(&self, agent: &dyn UserAgent) -> Result<SignedIn, Error> {
        let _turn = self.inner.turn.lock().await;
        let demand = self.inner.demand().await;
        match self.inner.visit(agent, &demand, None).await {
            Err(error) => Err(self.inner.explain(error).await),
            signed_in => signed_in,
        }
    }

    /// Begins a sign-in whose answer comes to the caller's own address, such as a web front end's.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in); [`Error::InvalidRedirectUri`] for an address that is neither https nor loopback.
    pub async fn begin(&self, redirect_uri: &str) -> Result<(Url, PendingSignIn), Error> {
        RedirectUri::front_end(redirect_uri)?;
        let demand = self.inner.demand().await;
        let plan = self.inner.plan(&demand, None).await?;
        self.inner.request(plan, redirect_uri).await
    }

    /// Ends a sign-in with the answer that came to the caller's address. With `other_account` another account than
    /// before is welcome.
    ///
    /// # Errors
    /// [`Incomplete`] gives the sign-in back where the answer belongs to another one.
    pub async fn complete(
        &self,
        pending: PendingSignIn,
        answer: AuthorizationResponse,
        other_account: bool,
    ) -> Result<SignedIn, Incomplete> {
        let _turn = self.inner.turn.lock().await;
        self.inner.finish(pending, answer, &other_account).await
    }
}

impl Inner {
    /// Returns what the server demands; asks it where that is not known.
    pub(super) async fn demand(&self) -> Demand {
        let known = self.state().demand.clone();
        match known {
            Some(demand) => demand,
            // A server that does not answer has its metadata all the same; that is asked next, and its error is told.
            None => self.web.probe(&self.settings.server).await.ok().flatten().unwrap_or_default(),
        }
    }

    /// Tells of a server without metadata what it is: one that wants no sign-in, if it takes a request without.
    async fn explain(&self, error: Error) -> Error {
        let is_open = matches!(error, Error::NoMetadata { .. })
            && self.state().demand.is_none()
            && matches!(self.web.probe(&self.settings.server).await, Ok(None));
        if is_open { Error::NoSignInNeeded { server: self.settings.server.to_string() } } else { error }
    }

    /// One visit of a person, from the metadata to the vault. The caller holds the turn.
    pub(super) async fn visit(
        &self,
        agent: &dyn UserAgent,
        demand: &Demand,
        before: Option<&Scopes>,
    ) -> Result<SignedIn, Error> {
        let plan = self.plan(demand, before).await?;
        let mut callback = plan.callback();
        let name = &self.settings.name;
        let mut visit = agent.prepare(name, &callback).await?;
        let mut requested = self.request(plan.clone(), visit.redirect_uri()).await;
        if matches!(&requested, Err(Error::RegistrationRefused { redirect_uri: true, .. }))
            && callback.host.is_none()
        {
            // Some servers know this machine by one name only.
            callback.host = Some("localhost".to_owned());
            visit = agent.prepare(name, &callback).await?;
            requested = self.request(plan, visit.redirect_uri()).await;
        }
        let outcome = match requested {
            Ok((url, pending)) => self.attend(agent, &mut *visit, &url, pending).await,
            Err(error) => Err(error),
        };
        visit.conclude(name, outcome.as_ref().map(drop)).await;
        outcome
    }

    async fn attend(
        &self,
        agent: &dyn UserAgent,
        visit: &mut dyn Visit,
        url: &Url,
        mut pending: PendingSignIn,
    ) -> Result<SignedIn, Error> {
        visit.open(&Invitation::new(&self.settings.name, url)).await?;
        loop {
            let answer = match visit.answer().await {
                Ok(answer) => answer,
                Err(error @ Error::InvalidResponse { .. }) => {
                    visit.ignore(&error).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match self.finish(pending, answer, &agent).await {
                Ok(signed_in) => return Ok(signed_in),
                Err(Incomplete::Foreign(still, error)) => {
                    pending = *still;
                    visit.ignore(&error).await;
                }
                Err(Incomplete::Failed(error)) => return Err(error),
            }
        }
    }

    async fn finish(
        &self,
        sign_in: PendingSignIn,
        answer: AuthorizationResponse,
        confirm: &dyn ConfirmAccount,
    ) -> Result<SignedIn, Incomplete> {
        let PendingSignIn { pending, plan, client, method, key } = sign_in;
        let code = match pending.accept(answer) {
            Ok(code) => code,
            Err(Rejection::Foreign(pending, error)) => {
                let pending = PendingSignIn { pending: *pending, plan, client, method, key };
                return Err(Incomplete::Foreign(Box::new(pending), error));
            }
            Err(Rejection::Final(error)) => return Err(Incomplete::Failed(error)),
        };
        let finished = Finished { plan: &plan, client: &client, method, key: key.as_ref() };
        self.exchange(&code, finished, confirm).await.map_err(Incomplete::Failed)
    }

    async fn exchange(
        &self,
        code: &AuthorizedCode,
        finished: Finished<'_>,
        confirm: &dyn ConfirmAccount,
    ) -> Result<SignedIn, Error> {
        let server = finished.plan.server();
        // Made once to see whether it can be: the same is sent again only for a nonce.
        drop(code.token_request(server)?);
        let asking = finished.asking(self);
        let response =
            asking.redeem(|| code.token_request(server).expect("it could be made a moment ago")).await?;
        self.keep(finished, response, confirm).await
    }
}
