//! Signing in as the suite wants it: its authorization server consents at once, and nobody listens at the redirect URI.

use std::sync::Arc;

use car_http::Url;
use car_oauth::client_auth::ClientCredential;
use car_oauth::driver::{
    AssertionSource, Authorizer, CallbackAddress, Invitation, MemoryVault, Method, Settings, UserAgent, Visit,
};
use car_oauth::keys::SigningKey;
use car_oauth::registration::PreRegistered;
use car_oauth::response::AuthorizationResponse;
use car_oauth::{Cause, Error, Secret};
use car_testkit::location_of;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::Failure;

/// Where the suite's servers send the browser. Its reference client does not listen there either.
const REDIRECT_URI: &str = "http://localhost:3000/callback";

/// The document that the suite expects a client to name; nobody reads it.
const METADATA_DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";

/// What the suite gives a scenario.
#[derive(Default, Deserialize)]
struct Context {
    client_id: Option<String>,
    client_secret: Option<String>,
    private_key_pem: Option<String>,
    signing_algorithm: Option<String>,
    idp_client_id: Option<String>,
    idp_id_token: Option<String>,
    idp_token_endpoint: Option<String>,
    valid_jwt: Option<String>,
}

/// Makes the credentials for the scenario that the environment names.
pub(crate) fn credentials(server: &str) -> Result<Authorizer, Failure> {
    let scenario = std::env::var("MCP_CONFORMANCE_SCENARIO")?;
    let context: Context = match std::env::var("MCP_CONFORMANCE_CONTEXT") {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => Context::default(),
    };
    let mut settings = Settings::new(Url::parse(server)?, "conformance");
    settings.metadata_document = Some(METADATA_DOCUMENT.to_owned());
    settings.method = method(&scenario, &context)?;
    if let Some(id) = &context.client_id {
        settings.pre_registered = Some(PreRegistered::new(id, credential(&context)?));
    }
    let builder = Authorizer::builder(settings, Arc::new(MemoryVault::default()));
    Ok(builder.agent(Arc::new(Follower)).build()?)
}

fn method(scenario: &str, context: &Context) -> Result<Method, Failure> {
    if scenario.starts_with("auth/client-credentials") {
        return Ok(Method::ClientCredentials);
    }
    if let Some(jwt) = &context.valid_jwt {
        return Ok(Method::WorkloadIdentity { assertion: Arc::new(Given(Secret::new(jwt.as_str()))) });
    }
    if let (Some(endpoint), Some(token)) = (&context.idp_token_endpoint, &context.idp_id_token) {
        return Ok(Method::EnterpriseManaged {
            idp_token_endpoint: Url::parse(endpoint)?,
            idp_client_id: context.idp_client_id.clone().ok_or("the context has no idp_client_id")?,
            idp_client_secret: None,
            id_token: Arc::new(Given(Secret::new(token.as_str()))),
        });
    }
    Ok(Method::Person)
}

fn credential(context: &Context) -> Result<ClientCredential, Failure> {
    if let Some(pem) = &context.private_key_pem {
        let key = SigningKey::from_pem(pem, context.signing_algorithm.as_deref(), None)?;
        return Ok(ClientCredential::Key(Arc::new(key)));
    }
    let secret = context.client_secret.as_deref().map(Secret::new);
    Ok(secret.map_or(ClientCredential::Public, ClientCredential::Secret))
}

/// A token that the suite gave.
#[derive(Debug)]
struct Given(Secret);

impl AssertionSource for Given {
    fn assertion(&self) -> BoxFuture<'_, Result<Secret, Cause>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// Asks for the page and reads where it would send the browser.
struct Follower;

impl UserAgent for Follower {
    fn prepare<'a>(
        &'a self,
        _name: &'a str,
        _wanted: &'a CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>> {
        Box::pin(async { Ok(Box::new(Following(None)) as Box<dyn Visit>) })
    }
}

struct Following(Option<String>);

impl Visit for Following {
    fn redirect_uri(&self) -> &str {
        REDIRECT_URI
    }

    fn open<'a>(&'a mut self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async {
            let location = location_of(&invitation.url).await;
            self.0 =
                Some(location.map_err(|_| Error::InvalidResponse { what: "the page redirects nowhere" })?);
            Ok(())
        })
    }

    fn answer(&mut self) -> BoxFuture<'_, Result<AuthorizationResponse, Error>> {
        Box::pin(async {
            // There is one answer and no second: what is not ours ends the sign-in.
            let location = self.0.take().ok_or(Error::SignInTimedOut { seconds: 0 })?;
            AuthorizationResponse::from_url(&location)
        })
    }

    fn ignore<'a>(&'a mut self, why: &'a Error) -> BoxFuture<'a, ()> {
        println!("ignored: {why}");
        Box::pin(async {})
    }

    fn conclude<'a>(self: Box<Self>, _name: &'a str, outcome: Result<(), &'a Error>) -> BoxFuture<'a, ()>
    where
        Self: 'a,
    {
        println!("signed in: {outcome:?}");
        Box::pin(async {})
    }
}
