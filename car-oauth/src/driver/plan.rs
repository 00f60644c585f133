//! What a sign-in will ask for, and of whom: from the metadata to the authorization request.

use url::Url;

use super::authorizer::Inner;
use super::discover::{self, Discovered};
use super::grant::Grant;
use super::loopback::CallbackAddress;
use super::record::Record;
use super::settings::{Dpop, Method};
use super::sign_in::PendingSignIn;
use crate::authorize::AuthorizationRequest;
use crate::challenge::Demand;
use crate::client_auth::{AuthMethod, choose_method};
use crate::error::Error;
use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::quirk::Quirk;
use crate::registration::KnownClient;
use crate::scope::{ScopeChoice, Scopes};
use crate::server_metadata::AuthorizationServer;
use crate::sign::Sign as _;

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

    pub(super) fn callback(&self) -> CallbackAddress {
        let mut address = CallbackAddress::default();
        address.host.clone_from(&self.quirk.redirect_host);
        address.port = self.quirk.redirect_port;
        address.path.clone_from(&self.quirk.redirect_path);
        address
    }
}

impl Inner {
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
            wants_refresh_token: matches!(settings.method, Method::Person),
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
    pub(super) async fn request(
        &self,
        plan: Plan,
        redirect_uri: &str,
    ) -> Result<(Url, PendingSignIn), Error> {
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
}
