//! Signing in on another device (RFC 8628).

use futures_util::future::BoxFuture;

use super::agent::DeviceDisplay;
use super::authorizer::{Authorizer, Inner};
use super::keep::{ConfirmAccount, Finished};
use super::sign_in::SignedIn;
use crate::device::{DeviceAnswer, DevicePolling, DeviceRequest, DeviceStep};
use crate::error::Error;
use crate::identity::Identity;
use crate::keys::SigningKey;
use crate::token::{Grant as GrantRequest, TokenRequest};

/// What a client that only signs in on other devices registers as redirect URI: servers want one, and none is used.
const NO_REDIRECT: &str = "http://127.0.0.1/callback";

impl ConfirmAccount for &dyn DeviceDisplay {
    fn confirm<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool> {
        self.confirm_account(before, now)
    }
}

impl Authorizer {
    /// Takes a person through a sign-in on another device, and keeps what comes of it.
    ///
    /// # Errors
    /// As [`sign_in`](Self::sign_in); [`Error::EndpointMissing`] where the server offers no such sign-in.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn sign_in_by_device(&self, display: &dyn DeviceDisplay) -> Result<SignedIn, Error> {
        let _turn = self.inner.turn.lock().await;
        self.inner.device(display).await
    }
}

impl Inner {
    async fn device(&self, display: &dyn DeviceDisplay) -> Result<SignedIn, Error> {
        let demand = self.demand().await;
        let plan = self.plan(&demand, None).await?;
        let what = "device authorization endpoint";
        let missing = || Error::EndpointMissing { issuer: plan.issuer().to_string(), what };
        let endpoint = plan.server().device_authorization_endpoint().ok_or_else(missing)?;
        let client = self.identify(&plan, NO_REDIRECT).await?;
        let method = self.method_for(&plan, &client)?;
        let key = plan.wants_key.then(SigningKey::generate_es256).transpose()?;
        let finished = Finished { plan: &plan, client: &client, method, key: key.as_ref() };
        let asking = finished.asking(self);
        let (resource, scope) = (plan.resource.as_deref(), plan.scopes.as_ref());
        let answer = asking.ask(what, &|| DeviceRequest::new(endpoint, resource, scope).request()).await?;
        let answer = DeviceAnswer::parse(answer.status, &answer.body, plan.issuer())?;
        let began = self.ambient.now();
        // A browser in the person's network reaches what a stranger does not.
        let what = "verification URI";
        self.web.check_name(what, answer.verification_uri.url())?;
        let complete = answer.verification_uri_complete.as_ref().map(|uri| uri.url());
        let complete = complete.filter(|uri| self.web.check_name(what, uri).is_ok());
        display
            .show(
                &self.settings.name,
                answer.verification_uri.url(),
                complete,
                &answer.user_code,
                began.plus(answer.expires_in),
            )
            .await?;
        let token_endpoint = plan.server().token_endpoint()?;
        let mut polling = DevicePolling::new(&answer, began);
        let mut wait = polling.next_wait();
        let response = loop {
            tokio::time::sleep(wait).await;
            let grant = GrantRequest::DeviceCode { code: &answer.device_code };
            let asked = asking.redeem(|| TokenRequest::new(token_endpoint, grant, resource, None)).await;
            match polling.answered(asked, self.ambient.now()) {
                DeviceStep::Wait(next) => wait = next,
                DeviceStep::Done(response) => break response,
                DeviceStep::Failed(error) => return Err(error),
            }
        };
        drop(asking);
        self.keep(finished, response, &display).await
    }
}
