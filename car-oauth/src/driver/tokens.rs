//! Asking the token endpoint: the client proves itself, a key its possession, and a nonce is sent again.

use std::sync::{Mutex, PoisonError};

use car_http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::ambient::Ambient;
use super::authorizer::Inner;
use super::grant::Grant;
use super::web::{Answer, Web};
use crate::client_auth::{AuthMethod, ClientAuthentication, ClientCredential, choose_method};
use crate::dpop::{self, NonceJar};
use crate::error::Error;
use crate::form::Form;
use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::registration::KnownClient;
use crate::secret::Secret;
use crate::sign::Sign;
use crate::token::{TokenRequest, TokenResponse};

/// The body of requests to the token endpoint.
const FORM: &str = "application/x-www-form-urlencoded";

/// The header that proofs travel in, and the one that nonces come in (RFC 9449 §4, §8).
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
pub(crate) const DPOP_NONCE: &str = "dpop-nonce";

/// The fields of our requests that are secret.
const SECRET_FIELDS: [&str; 6] =
    ["code", "code_verifier", "refresh_token", "device_code", "assertion", "token"];

/// Shorter ones would be found in ordinary words, and nobody issues them.
const SHORTEST_SECRET: usize = 8;

/// Whoever asks a token endpoint.
pub(crate) struct TokenClient<'a> {
    pub(crate) web: &'a Web,
    pub(crate) ambient: &'a dyn Ambient,
    pub(crate) nonces: &'a Mutex<NonceJar>,
    pub(crate) issuer: &'a Issuer,
    /// Nothing where the grant needs no client (a workload's own token).
    pub(crate) client: Option<(&'a KnownClient, AuthMethod)>,
    pub(crate) key: Option<&'a dyn Sign>,
}

impl TokenClient<'_> {
    /// Asks for a token. `request` is made anew where a nonce has to be added: a proof serves once.
    pub(crate) async fn redeem(&self, request: impl Fn() -> TokenRequest) -> Result<TokenResponse, Error> {
        let answer = self.ask("token endpoint", &request).await?;
        TokenResponse::parse(answer.status, &answer.body, self.issuer)
            .map_err(|error| self.without_echo(error, request().form()))
    }

    /// Takes out of a server's words what it was sent: some repeat the code or the token that they refuse.
    pub(crate) fn without_echo(&self, error: Error, sent: &Form) -> Error {
        let Error::TokenRefused { issuer, error, description } = error else { return error };
        let client = self.client.as_ref().and_then(|(client, _)| match &client.credential {
            ClientCredential::Secret(secret) => Some(secret.expose()),
            _ => None,
        });
        let secrets = SECRET_FIELDS.iter().filter_map(|name| sent.value(name)).chain(client);
        let secrets: Vec<_> = secrets.filter(|secret| secret.len() >= SHORTEST_SECRET).collect();
        let hide = |text: String| secrets.iter().fold(text, |text, secret| text.replace(secret, "[…]"));
        Error::TokenRefused { issuer, error: hide(error), description: description.map(hide) }
    }

    /// Sends a request that the client has to prove itself for.
    pub(crate) async fn ask(
        &self,
        what: &'static str,
        request: &impl Fn() -> TokenRequest,
    ) -> Result<Answer, Error> {
        let first = self.send(what, request()).await?;
        let asks_again =
            self.key.is_some() && first.headers.contains_key(DPOP_NONCE) && dpop::is_nonce_error(&first.body);
        if asks_again { self.send(what, request()).await } else { Ok(first) }
    }

    async fn send(&self, what: &'static str, mut request: TokenRequest) -> Result<Answer, Error> {
        if let Some((client, method)) = &self.client {
            let authentication = ClientAuthentication::new(client, method.clone())?;
            authentication.apply(&mut request, self.issuer, self.ambient.now(), self.ambient.random())?;
        }
        let url = request.endpoint().url().clone();
        let mut headers = HeaderMap::new();
        if let Some(value) = request.authorization() {
            headers.insert(header::AUTHORIZATION, secret_value(value)?);
        }
        if let Some(key) = self.key {
            let proof = prove(key, "POST", &url, None, self.nonces, self.ambient)?;
            headers.insert(DPOP, secret_value(&proof)?);
        }
        let body = request.body().as_bytes().to_vec();
        let answer = self.web.post(what, &url, FORM, headers, body).await?;
        remember_nonce(self.nonces, &url, &answer.headers);
        Ok(answer)
    }
}

/// Who holds a grant that there is already: the client that it was made with, and the key that it is bound to.
pub(crate) struct Holder<'a> {
    client: &'a KnownClient,
    method: AuthMethod,
    key: Option<SigningKey>,
}

impl<'a> Holder<'a> {
    /// # Errors
    /// [`Error::InvalidSettings`], [`Error::InvalidKey`] where what was kept cannot be used any more.
    pub(crate) fn of(grant: &Grant, client: &'a KnownClient) -> Result<Self, Error> {
        let method = match &grant.auth_method {
            Some(method) => method.clone(),
            None => choose_method(&client.credential, client.auth_method.as_ref(), None)?,
        };
        let key = grant.dpop_key.as_ref().map(|key| SigningKey::from_pem(key.expose(), None, None));
        Ok(Self { client, method, key: key.transpose()? })
    }

    pub(crate) fn asking<'b>(&'b self, inner: &'b Inner) -> TokenClient<'b> {
        TokenClient {
            web: &inner.web,
            ambient: &*inner.ambient,
            nonces: &inner.nonces,
            issuer: &self.client.issuer,
            client: Some((self.client, self.method.clone())),
            key: self.key.as_ref().map(|key| key as &dyn Sign),
        }
    }
}

/// Makes a proof for one request.
pub(crate) fn prove(
    key: &dyn Sign,
    method: &str,
    url: &Url,
    token: Option<&Secret>,
    nonces: &Mutex<NonceJar>,
    ambient: &dyn Ambient,
) -> Result<Secret, Error> {
    let nonce = nonces.lock().unwrap_or_else(PoisonError::into_inner).nonce(url).map(str::to_owned);
    dpop::proof(key, method, url, token, nonce.as_deref(), ambient.random(), ambient.now())
}

/// Keeps a nonce that an answer brought, and returns whether it is another than before.
pub(crate) fn remember_nonce(nonces: &Mutex<NonceJar>, url: &Url, headers: &HeaderMap) -> bool {
    let Some(nonce) = headers.get(DPOP_NONCE).and_then(|value| value.to_str().ok()) else { return false };
    nonces.lock().unwrap_or_else(PoisonError::into_inner).remember(url, nonce)
}

/// Makes a header value that no log shows.
pub(crate) fn secret_value(secret: &Secret) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| Error::InvalidSettings {
        what: "a secret holds characters that cannot be sent in a header".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
