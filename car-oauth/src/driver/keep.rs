//! From the answer of the token endpoint to tokens in the vault, and whose they are.

use futures_util::future::BoxFuture;

use super::agent::UserAgent;
use super::authorizer::{Inner, Source};
use super::grant::FirstGrant;
use super::grant::Grant;
use super::plan::Plan;
use super::record::AccountRecord;
use super::sign_in::SignedIn;
use super::tokens::TokenClient;
use crate::client_auth::AuthMethod;
use crate::error::Error;
use crate::identity::Identity;
use crate::keys::SigningKey;
use crate::registration::KnownClient;
use crate::sign::Sign;
use crate::time::Timestamp;
use crate::token::TokenResponse;

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

    fn grant(&self, response: TokenResponse, now: Timestamp) -> Result<Grant, Error> {
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

impl Inner {
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
        signed_in.identity = identity;
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
