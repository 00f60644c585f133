//! Signing out: the tokens are given back, and forgotten in any case.

use super::authorizer::{Authorizer, Inner, Source};
use super::grant::Grant;
use super::tokens::Holder;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::issuer::Issuer;
use crate::registration::KnownClient;
use crate::revocation::{RevocationRequest, TokenHint};

/// How a sign-out went.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignedOut {
    /// Whether there were tokens.
    pub was_signed_in: bool,
    /// Whether the authorization server took them back.
    pub revoked: bool,
    /// Why not, if it did not.
    pub refusal: Option<Error>,
}

impl Authorizer {
    /// Gives the tokens back where the authorization server takes them (RFC 7009), and forgets them here in any case. The
    /// client and the account stay known, for the next sign-in.
    ///
    /// # Errors
    /// [`Error::Vault`] where they cannot be forgotten.
    pub async fn sign_out(&self) -> Result<SignedOut, Error> {
        let inner = &self.inner;
        let _turn = inner.turn.lock().await;
        let guard = inner.lock().await?;
        let mut record = inner.load().await?;
        let Some(grant) = record.grant.take() else {
            return Ok(SignedOut { was_signed_in: false, revoked: false, refusal: None });
        };
        let issuer = Issuer::parse(&grant.issuer)?;
        let client = inner.client_of(&record, &grant, &issuer);
        (record.wanted, record.last_failure) = (None, None);
        // Forgotten first: who is interrupted now is signed out here all the same.
        inner.store(&record).await?;
        drop(guard);
        inner.adopt(None, Source::Kept)?;
        let revoked = inner.revoke(&client, &grant).await;
        Ok(SignedOut { was_signed_in: true, revoked: matches!(revoked, Ok(true)), refusal: revoked.err() })
    }
}

impl Inner {
    /// Gives tokens back. False where the server has no place for that.
    pub(super) async fn revoke(&self, client: &KnownClient, grant: &Grant) -> Result<bool, Error> {
        let Some(endpoint) = &grant.revocation_endpoint else { return Ok(false) };
        let issuer = Issuer::parse(&grant.issuer)?;
        let endpoint = Endpoint::parse("revocation endpoint", endpoint)?;
        let holder = Holder::of(grant, client)?;
        let asking = holder.asking(self);
        // With the refresh token the access tokens of the grant end too, at most servers; each is given back all the same.
        let refresh = grant.refresh_token.as_ref().map(|token| (token, TokenHint::RefreshToken));
        for (token, hint) in refresh.into_iter().chain([(&grant.access_token, TokenHint::AccessToken)]) {
            let request = || RevocationRequest::new(&endpoint, token, hint).request();
            let answer = asking.ask("revocation endpoint", &request).await?;
            RevocationRequest::parse_answer(answer.status, &answer.body, &issuer)
                .map_err(|error| asking.without_echo(error, request().form()))?;
        }
        Ok(true)
    }
}
