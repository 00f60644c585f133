//! From a connector's entry in the manifest to the settings of its sign-in.

use std::path::PathBuf;
use std::sync::Arc;

use car_connectors_store::{Connector, OauthClient, Secret};
use car_http::Url;
use car_oauth::client_auth::ClientCredential;
use car_oauth::driver::{AssertionSource, Method, Settings};
use car_oauth::keys::SigningKey;
use car_oauth::quirk::Quirks;
use car_oauth::registration::PreRegistered;
use car_oauth::scope::Scopes;
use car_oauth::{Cause, Error};
use futures_core::future::BoxFuture;

use super::options::{Assertion, SignInMethod, SignInOptions};

/// The names of the grants in the manifest.
const CLIENT_CREDENTIALS: &str = "client_credentials";
const WORKLOAD_IDENTITY: &str = "workload_identity";
const ENTERPRISE_MANAGED: &str = "enterprise_managed";

/// The largest assertion that is read from a file.
const MAX_ASSERTION_BYTES: u64 = 64 * 1024;

/// Looks a variable up.
pub(crate) type Lookup = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What settings are made from beside the manifest.
pub(crate) struct Given<'a> {
    pub(crate) secret: Option<&'a Secret>,
    pub(crate) client_name: &'a str,
    pub(crate) metadata_document: Option<&'a str>,
    pub(crate) quirks: &'a Quirks,
    pub(crate) variables: &'a Lookup,
}

impl SignInOptions {
    /// Returns the entry of the manifest as it will be after a sign-in with these options.
    pub(crate) fn applied_to(&self, before: Option<&OauthClient>) -> OauthClient {
        let mut client = before.cloned().unwrap_or_default();
        if let Some(id) = &self.client_id {
            (client.client_id, client.pre_registered) = (id.clone(), true);
            client.has_client_secret = false;
        }
        client.has_client_secret |= self.client_secret.is_some();
        if let Some(scopes) = &self.scopes {
            client.scopes.clone_from(scopes);
        }
        client.key_id = self.key_id.clone().or(client.key_id);
        client.callback_host = self.callback.host.clone().or(client.callback_host);
        client.callback_port = self.callback.port.or(client.callback_port);
        client.callback_path = self.callback.path.clone().or(client.callback_path);
        client.allow_private = self.allow_private.unwrap_or(client.allow_private);
        match &self.method {
            None => {}
            Some(SignInMethod::Person) => client.method = None,
            Some(SignInMethod::ClientCredentials) => client.method = Some(CLIENT_CREDENTIALS.to_owned()),
            Some(SignInMethod::WorkloadIdentity { assertion }) => {
                client.method = Some(WORKLOAD_IDENTITY.to_owned());
                client.assertion = Some(assertion.to_string());
            }
            Some(SignInMethod::EnterpriseManaged { idp_token_endpoint, idp_client_id, id_token }) => {
                client.method = Some(ENTERPRISE_MANAGED.to_owned());
                client.idp_token_endpoint = Some(idp_token_endpoint.to_string());
                client.idp_client_id = Some(idp_client_id.clone());
                client.assertion = Some(id_token.to_string());
            }
        }
        client
    }
}

/// Makes the settings of a connector's sign-in.
pub(crate) fn settings(
    connector: &Connector,
    client: Option<&OauthClient>,
    given: &Given<'_>,
) -> Result<Settings, Error> {
    let server = Url::parse(&connector.url).map_err(|error| invalid(error.to_string()))?;
    let mut settings = Settings::new(server, &*connector.name);
    settings.client_name = given.client_name.to_owned();
    settings.metadata_document = given.metadata_document.map(str::to_owned);
    settings.quirks = given.quirks.clone();
    let Some(client) = client else { return Ok(settings) };
    settings.allow_private = client.allow_private;
    if !client.scopes.is_empty() {
        settings.scopes = Some(client.scopes.iter().cloned().collect::<Scopes>());
    }
    if client.pre_registered {
        settings.pre_registered =
            Some(PreRegistered::new(&client.client_id, credential(client, given.secret)?));
    }
    settings.method = method(client, given)?;
    Ok(settings)
}

fn credential(client: &OauthClient, secret: Option<&Secret>) -> Result<ClientCredential, Error> {
    match secret {
        None => Ok(ClientCredential::Public),
        Some(secret) if secret.expose().trim_start().starts_with("-----BEGIN") => {
            let key = SigningKey::from_pem(secret.expose(), None, client.key_id.clone())?;
            Ok(ClientCredential::Key(Arc::new(key)))
        }
        Some(secret) => Ok(ClientCredential::Secret(car_oauth::Secret::new(secret.expose()))),
    }
}

fn method(client: &OauthClient, given: &Given<'_>) -> Result<Method, Error> {
    let assertion = || -> Result<Arc<dyn AssertionSource>, Error> {
        let text = client.assertion.as_deref().ok_or_else(|| invalid("expected an assertion, found none"))?;
        let from = Assertion::parse(text).ok_or_else(|| {
            invalid(format!("expected an assertion from env:NAME or file:PATH, found {text:?}"))
        })?;
        Ok(Arc::new(Source { from, variables: Arc::clone(given.variables) }))
    };
    match client.method.as_deref() {
        None => Ok(Method::Person),
        Some(CLIENT_CREDENTIALS) => Ok(Method::ClientCredentials),
        Some(WORKLOAD_IDENTITY) => Ok(Method::WorkloadIdentity { assertion: assertion()? }),
        Some(ENTERPRISE_MANAGED) => {
            let endpoint = client.idp_token_endpoint.as_deref().unwrap_or_default();
            Ok(Method::EnterpriseManaged {
                idp_token_endpoint: Url::parse(endpoint).map_err(|error| {
                    invalid(format!("the identity provider's token endpoint {endpoint:?}: {error}"))
                })?,
                idp_client_id: client.idp_client_id.clone().unwrap_or_default(),
                idp_client_secret: None,
                id_token: assertion()?,
            })
        }
        Some(other) => Err(invalid(format!(
            "expected the method {CLIENT_CREDENTIALS}, {WORKLOAD_IDENTITY} or {ENTERPRISE_MANAGED}, found {other:?}"
        ))),
    }
}

fn invalid(what: impl Into<String>) -> Error {
    Error::InvalidSettings { what: what.into() }
}

impl Assertion {
    /// Reads `env:NAME` or `file:PATH`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("env", name) if !name.is_empty() => Some(Self::Variable(name.to_owned())),
            ("file", path) if !path.is_empty() => Some(Self::File(PathBuf::from(path))),
            _ => None,
        }
    }
}

impl std::fmt::Display for Assertion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(formatter, "env:{name}"),
            Self::File(path) => write!(formatter, "file:{}", path.display()),
        }
    }
}

/// Reads an assertion each time that one is needed.
struct Source {
    from: Assertion,
    variables: Lookup,
}

impl AssertionSource for Source {
    fn assertion(&self) -> BoxFuture<'_, Result<car_oauth::Secret, Cause>> {
        Box::pin(async move {
            let text = match &self.from {
                Assertion::Variable(name) => {
                    (self.variables)(name).ok_or_else(|| format!("the variable {name} is not set"))?
                }
                Assertion::File(path) => {
                    let path = path.clone();
                    tokio::task::spawn_blocking(move || read(&path)).await??
                }
            };
            match text.trim() {
                "" => Err(format!("{} is empty", self.from).into()),
                text => Ok(car_oauth::Secret::new(text)),
            }
        })
    }
}

fn read(path: &std::path::Path) -> Result<String, Cause> {
    use std::io::Read as _;
    let file =
        std::fs::File::open(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let mut text = String::new();
    file.take(MAX_ASSERTION_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Source").field(&self.from).finish()
    }
}
