//! A person signs in: from the authorization request to tokens in the vault.

use futures_util::future::BoxFuture;
use url::Url;

use super::agent::{Invitation, UserAgent, Visit};
use super::authorizer::{Authorizer, Inner, Source};
use super::discover::{self, Discovered};
use super::loopback::CallbackAddress;
use super::record::{AccountRecord, Grant, Record};
use super::renew::FirstGrant;
use super::settings::Dpop;
use super::tokens::TokenClient;
use crate::authorize::{AuthorizationRequest, AuthorizedCode, PendingAuthorization, Rejection};
use crate::challenge::Demand;
use crate::client_auth::{AuthMethod, choose_method};
use crate::error::Error;
use crate::identity::Identity;
use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::quirk::Quirk;
use crate::redirect_uri::RedirectUri;
use crate::registration::KnownClient;
use crate::response::AuthorizationResponse;
use crate::scope::{ScopeChoice, Scopes};
use crate::server_metadata::AuthorizationServer;
use crate::sign::Sign;
use crate::token::TokenResponse;

/// A sign-in that waits for the browser's answer. Holds the verifier of its code and is good for one answer.
#[derive(Debug)]
pub struct PendingSignIn {
    pending: PendingAuthorization,
    plan: Plan,
    client: KnownClient,
    method: AuthMethod,
    key: Option<SigningKey>,
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

/// Is asked whether another account than before is welcome.
pub(super) trait ConfirmAccount: Send + Sync {
    fn confirm<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool>;
}

impl ConfirmAccount for &dyn UserAgent {
    fn confirm<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool> {
        self.confirm_account(before, now)
    }
}

impl ConfirmAccount for bool {
    fn confirm<'a>(&'a self, _before: &'a Identity, _now: &'a Identity) -> BoxFuture<'a, bool> {
        Box::pin(async move { *self })
    }
}

/// What discovery and settings come to: everything but the client and the redirect URI.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) discovered: Discovered,
    pub(super) quirk: Quirk,
    pub(super) scopes: Option<Scopes>,
    pub(super) resource: Option<String>,
    pub(super) wants_key: bool,
}

impl Plan {
    pub(super) const fn server(&self) -> &AuthorizationServer {
        &self.discovered.server
    }

    pub(super) const fn issuer(&self) -> &Issuer {
        self.discovered.server.issuer()
    }

    fn callback(&self) -> CallbackAddress {
        let mut address = CallbackAddress::default();
        address.host.clone_from(&self.quirk.redirect_host);
        address.port = self.quirk.redirect_port;
        address.path.clone_from(&self.quirk.redirect_path);
        address
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

    /// Finds out everything that an authorization request needs.
    pub(super) async fn plan(&self, demand: &Demand, before: Option<&Scopes>) -> Result<Plan, Error> {
        let record = self.load().await?;
        let settings = &self.settings;
        let discovered =
            discover::discover(&self.web, &settings.server, demand, &self.preferred(&record)).await?;
        let quirk = settings.quirks.for_server(&settings.server, Some(discovered.server.issuer()));
        // What was asked for in vain comes on top of what there is, or a step up would be a step down elsewhere.
        let granted = record.wanted.as_ref().and(record.grant.as_ref()).map(Grant::permissions);
        let before = before.cloned().or(granted);
        let extra = [&settings.scopes, &quirk.scopes, &record.wanted].into_iter().flatten().cloned();
        let extra = extra.reduce(|one, other| one.union(&other));
        let choice = ScopeChoice {
            challenged: demand.scope.as_ref(),
            resource: discovered.resource_scopes(),
            server: discovered.server.scopes(),
            before: before.as_ref(),
            extra: extra.as_ref(),
            wants_refresh_token: matches!(settings.method, super::settings::Method::Person),
        };
        let resource = (!quirk.omit_resource).then(|| discovered.resource_indicator().to_owned());
        let asked = (demand.dpop && !demand.bearer)
            || discovered.resource.as_ref().is_some_and(|resource| resource.wants_dpop());
        let offered = !discovered.server.dpop_algorithms().is_empty();
        let wants_key = asked || (settings.dpop == Dpop::WhenOffered && offered);
        Ok(Plan { scopes: choice.select(), resource, wants_key, quirk, discovered })
    }

    /// Whom we have been with before, if the server still names them.
    fn preferred(&self, record: &Record) -> Vec<Issuer> {
        let given = self.settings.pre_registered.as_ref();
        let bound =
            given.and_then(|given| given.issuer.clone().or_else(|| record.bound_issuer(&given.client_id)));
        let granted = record.grant.as_ref().and_then(|grant| Issuer::parse(&grant.issuer).ok());
        let known = record.known_clients().into_iter().map(|client| client.issuer);
        bound.into_iter().chain(granted).chain(known).collect()
    }

    /// Makes the authorization request.
    async fn request(&self, plan: Plan, redirect_uri: &str) -> Result<(Url, PendingSignIn), Error> {
        let proof = plan.discovered.pkce(&plan.quirk)?;
        // Nobody is registered, and nobody consents, for a sign-in that could not be ended.
        plan.server().authorization_endpoint()?;
        plan.server().token_endpoint()?;
        let client = self.identify(&plan, redirect_uri).await?;
        let method = self.method_for(&plan, &client)?;
        let key = plan.wants_key.then(SigningKey::generate_es256).transpose()?;
        let request = AuthorizationRequest {
            server: plan.server(),
            proof,
            client: &client,
            redirect_uri,
            scope: plan.scopes.clone(),
            resource: plan.resource.as_deref(),
            extra: &plan.quirk.authorize_parameters,
            dpop_jkt: key.as_ref().map(|key| key.public_jwk().thumbprint()),
        };
        let (url, pending) = request.begin(self.ambient.random(), self.ambient.random())?;
        Ok((url, PendingSignIn { pending, client, method, key, plan }))
    }

    pub(super) fn method_for(&self, plan: &Plan, client: &KnownClient) -> Result<AuthMethod, Error> {
        let registered = plan.quirk.token_auth_method.as_ref().or(client.auth_method.as_ref());
        choose_method(&client.credential, registered, plan.server().token_auth_methods())
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

    /// Keeps the tokens of a sign-in, and takes them into use.
    pub(super) async fn keep(
        &self,
        finished: Finished<'_>,
        response: TokenResponse,
        confirm: &dyn ConfirmAccount,
    ) -> Result<SignedIn, Error> {
        let identity = self.identity_of(&finished, &response).await?;
        let grant = finished.grant(response, self.ambient.now())?;
        // A person may think about it for a while: nobody else is kept waiting meanwhile.
        let before = self.load().await?.account.as_ref().map(AccountRecord::to_identity);
        if let (Some(before), Some(now)) = (&before, &identity)
            && !before.is_same(now)
            && !confirm.confirm(before, now).await
        {
            // What nobody wants is given back.
            drop(self.revoke(finished.client, &grant).await);
            return Err(Error::IdentityChanged { expected: before.to_string(), found: now.to_string() });
        }
        let guard = self.lock().await?;
        let mut record = self.load().await?;
        record.keep_client(finished.client);
        if let Some(identity) = &identity {
            record.account = Some(AccountRecord::of(identity));
        }
        (record.wanted, record.last_failure) = (None, None);
        record.grant = Some(grant.clone());
        let mut signed_in = SignedIn::of(&grant);
        signed_in.identity = identity.or(before);
        let stored = self.store_grant(record).await;
        drop(guard);
        self.adopt(Some(grant), Source::Issued)?;
        stored?;
        self.state().news = Some(signed_in.clone());
        Ok(signed_in)
    }

    async fn identity_of(
        &self,
        finished: &Finished<'_>,
        response: &TokenResponse,
    ) -> Result<Option<Identity>, Error> {
        let (issuer, now) = (finished.plan.issuer(), self.ambient.now());
        if let Some(token) = &response.id_token {
            return Identity::from_id_token(token.expose(), issuer, &finished.client.client_id, now)
                .map(Some);
        }
        let granted = response.scope.as_ref().or(finished.plan.scopes.as_ref());
        let may_ask = granted.is_some_and(|scopes| scopes.contains("openid")) && finished.key.is_none();
        let Some(endpoint) = finished.plan.server().userinfo_endpoint().filter(|_| may_ask) else {
            return Ok(None);
        };
        match self.web.userinfo(endpoint.url(), &response.access_token).await {
            Ok(body) => Identity::from_userinfo(&body, issuer, None).map(Some),
            Err(error) => {
                // It is only for show: a sign-in does not fail for it.
                tracing::info!(%error, "who signed in could not be found out");
                Ok(None)
            }
        }
    }
}

/// Everything but the answer that a grant is made of.
pub(super) struct Finished<'a> {
    pub(super) plan: &'a Plan,
    pub(super) client: &'a KnownClient,
    pub(super) method: AuthMethod,
    pub(super) key: Option<&'a SigningKey>,
}

impl Finished<'_> {
    pub(super) fn asking<'b>(&'b self, inner: &'b Inner) -> TokenClient<'b> {
        TokenClient {
            web: &inner.web,
            ambient: &*inner.ambient,
            nonces: &inner.nonces,
            issuer: self.plan.issuer(),
            client: Some((self.client, self.method.clone())),
            key: self.key.map(|key| key as &dyn Sign),
        }
    }

    fn grant(&self, response: TokenResponse, now: crate::time::Timestamp) -> Result<Grant, Error> {
        let server = self.plan.server();
        let parts = FirstGrant {
            issuer: self.plan.issuer(),
            client_id: &self.client.client_id,
            resource: self.plan.resource.as_deref(),
            token_endpoint: server.token_endpoint()?,
            revocation_endpoint: server.revocation_endpoint(),
            auth_method: Some(self.method.clone()),
            key: self.key,
            requested: self.plan.scopes.clone(),
        };
        Grant::first(parts, response, now)
    }
}
