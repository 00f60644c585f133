//! Tokens without a person: a client's own credentials, a workload's token, an enterprise's word.

use super::authorizer::{Authorizer, Inner, Source};
use super::grant::FirstGrant;
use super::grant::Grant;
use super::plan::Plan;
use super::record::Record;
use super::settings::{AssertionSource, Method};
use super::sign_in::SignedIn;
use super::tokens::TokenClient;
use crate::client_auth::{AuthMethod, ClientAuthentication, ClientCredential};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::exchange::{IdentityAssertion, IdentityExchange, SubjectTokenType};
use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::registration::{ClientOrigin, KnownClient};
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::sign::Sign;
use crate::token::{Grant as GrantRequest, TokenRequest, TokenResponse};

impl Authorizer {
    /// Gets tokens without a person, by the method of the settings, and keeps them.
    ///
    /// # Errors
    /// Says who refused what; [`Error::InvalidSettings`] where the method needs a person, or something that is missing.
    pub async fn sign_in_unattended(&self) -> Result<SignedIn, Error> {
        let inner = &self.inner;
        let _turn = inner.turn.lock().await;
        inner.authorize_unattended(None).await?;
        let signed_in = inner.state().news.clone();
        signed_in.ok_or_else(|| Error::SignInRequired { reason: "no token was issued".to_owned() })
    }
}

impl Inner {
    /// Gets tokens without a person and takes them into use. The caller holds the turn.
    pub(super) async fn authorize_unattended(&self, before: Option<&Scopes>) -> Result<(), Error> {
        let guard = self.lock().await?;
        let mut record = self.load().await?;
        let grant = self.obtain_unattended(&mut record, before).await?;
        record.grant = Some(grant.clone());
        (record.wanted, record.last_failure) = (None, None);
        let stored = self.store_grant(record).await;
        drop(guard);
        let news = SignedIn::of(&grant);
        self.adopt(Some(grant), Source::Issued)?;
        stored?;
        self.state().news = Some(news);
        Ok(())
    }

    /// Gets tokens without a person. The caller holds the vault's lock, and keeps what comes of it.
    pub(super) async fn obtain_unattended(
        &self,
        record: &mut Record,
        before: Option<&Scopes>,
    ) -> Result<Grant, Error> {
        let demand = self.demand().await;
        let plan = self.plan(&demand, before).await?;
        let key = plan.wants_key.then(SigningKey::generate_es256).transpose()?;
        match &self.settings.method {
            Method::Person => Err(Error::InvalidSettings {
                what: "a sign-in by a person was asked for where nobody can be asked".to_owned(),
            }),
            Method::ClientCredentials => {
                let client = self.given_client(record, &plan)?;
                let method = ClientAuthentication::for_server(&client, plan.server())?.method().clone();
                let grant = GrantRequest::ClientCredentials;
                self.obtain(record, &plan, Some((&client, method)), key.as_ref(), grant).await
            }
            Method::WorkloadIdentity { assertion } => {
                let assertion = assert(&**assertion).await?;
                let client = match &self.settings.pre_registered {
                    Some(_) => Some(self.given_client(record, &plan)?),
                    None => None,
                };
                let method = client.as_ref().map(|client| self.method_for(&plan, client)).transpose()?;
                let grant = GrantRequest::JwtBearer { assertion: &assertion };
                self.obtain(record, &plan, client.as_ref().zip(method), key.as_ref(), grant).await
            }
            Method::EnterpriseManaged { .. } => {
                let client = self.given_client(record, &plan)?;
                let identity = self.identity_assertion(&plan).await?;
                let method = self.method_for(&plan, &client)?;
                // Made once to see whether it can be.
                drop(identity.token_request(
                    plan.server(),
                    plan.resource.as_deref(),
                    plan.scopes.as_ref(),
                )?);
                let asking = self.asking(&plan, Some((&client, method.clone())), key.as_ref());
                let response = asking
                    .redeem(|| {
                        identity
                            .token_request(plan.server(), plan.resource.as_deref(), plan.scopes.as_ref())
                            .expect("it could be made a moment ago")
                    })
                    .await?;
                self.first_grant(record, &plan, Some((&client, method)), key.as_ref(), response)
            }
        }
    }

    /// The client that was registered by hand: without a person there is no other.
    fn given_client(&self, record: &Record, plan: &Plan) -> Result<KnownClient, Error> {
        let issuer = plan.issuer();
        let given = self.settings.pre_registered.as_ref().ok_or_else(|| Error::ClientUnknown {
            issuer: issuer.to_string(),
            ways: vec!["a sign-in without a person needs a client that was registered by hand".to_owned()],
        })?;
        let bound = given.issuer.clone().or_else(|| record.bound_issuer(&given.client_id));
        if let Some(bound) = bound.filter(|bound| bound != issuer) {
            return Err(Error::ClientOfAnotherIssuer {
                client_id: given.client_id.clone(),
                bound: bound.to_string(),
                issuer: issuer.to_string(),
            });
        }
        let mut client = KnownClient::new(issuer.clone(), &*given.client_id, ClientOrigin::PreRegistered);
        client.credential = given.credential.clone();
        Ok(client)
    }

    async fn obtain(
        &self,
        record: &mut Record,
        plan: &Plan,
        client: Option<(&KnownClient, AuthMethod)>,
        key: Option<&SigningKey>,
        grant: GrantRequest<'_>,
    ) -> Result<Grant, Error> {
        let endpoint = plan.server().token_endpoint()?;
        let asking = self.asking(plan, client.clone(), key);
        let (resource, scope) = (plan.resource.as_deref(), plan.scopes.as_ref());
        let response = asking.redeem(|| TokenRequest::new(endpoint, grant, resource, scope)).await?;
        self.first_grant(record, plan, client, key, response)
    }

    fn asking<'a>(
        &'a self,
        plan: &'a Plan,
        client: Option<(&'a KnownClient, AuthMethod)>,
        key: Option<&'a SigningKey>,
    ) -> TokenClient<'a> {
        TokenClient {
            web: &self.web,
            ambient: &*self.ambient,
            nonces: &self.nonces,
            issuer: plan.issuer(),
            client,
            key: key.map(|key| key as &dyn Sign),
        }
    }

    fn first_grant(
        &self,
        record: &mut Record,
        plan: &Plan,
        client: Option<(&KnownClient, AuthMethod)>,
        key: Option<&SigningKey>,
        response: TokenResponse,
    ) -> Result<Grant, Error> {
        if let Some((client, _)) = &client {
            record.keep_client(client);
        }
        let server = plan.server();
        let parts = FirstGrant {
            issuer: plan.issuer(),
            client_id: client.as_ref().map_or("", |(client, _)| &client.client_id),
            resource: plan.resource.as_deref(),
            token_endpoint: server.token_endpoint()?,
            revocation_endpoint: server.revocation_endpoint(),
            auth_method: client.map(|(_, method)| method),
            key,
            requested: plan.scopes.clone(),
        };
        let mut grant = Grant::first(parts, response, self.ambient.now())?;
        // It is asked for anew each time: a refresh token would only be one more secret to keep.
        grant.refresh_token = None;
        Ok(grant)
    }

    /// Asks the enterprise's identity provider for its word, meant for this authorization server.
    async fn identity_assertion(&self, plan: &Plan) -> Result<IdentityAssertion, Error> {
        let Method::EnterpriseManaged { idp_token_endpoint, idp_client_id, idp_client_secret, id_token } =
            &self.settings.method
        else {
            return Err(Error::InvalidSettings {
                what: "expected an identity provider, found none".to_owned(),
            });
        };
        let endpoint = Endpoint::parse("identity provider's token endpoint", idp_token_endpoint.as_str())?;
        let subject_token = assert(&**id_token).await?;
        let provider = Issuer::parse(&idp_token_endpoint.origin().ascii_serialization())?;
        let mut client = KnownClient::new(provider.clone(), &**idp_client_id, ClientOrigin::PreRegistered);
        let mut method = AuthMethod::None;
        if let Some(secret) = idp_client_secret {
            client.credential = ClientCredential::Secret(secret.clone());
            method = AuthMethod::ClientSecretBasic;
        }
        let exchange = IdentityExchange {
            endpoint: &endpoint,
            subject_token: &subject_token,
            subject_token_type: SubjectTokenType::IdToken,
            audience: plan.issuer(),
            resource: plan.resource.as_deref(),
            scope: plan.scopes.as_ref(),
        };
        let asking = TokenClient {
            web: &self.web,
            ambient: &*self.ambient,
            nonces: &self.nonces,
            issuer: &provider,
            client: Some((&client, method)),
            key: None,
        };
        let answer = asking.ask("identity provider", &|| exchange.request()).await?;
        exchange.parse_answer(answer.status, &answer.body, &provider)
    }
}

async fn assert(source: &dyn AssertionSource) -> Result<Secret, Error> {
    source
        .assertion()
        .await
        .map_err(|error| Error::InvalidSettings { what: format!("no assertion: {error}") })
}
