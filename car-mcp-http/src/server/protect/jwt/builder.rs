//! Describes a verifier of JSON Web Tokens before it verifies.

use std::time::Duration;

use car_http::{ClientBuilder, Target, Url};

use super::JwtVerifier;
use super::algorithm::Algorithm;
use super::claims::Rules;
use super::fetch::{Fetcher, Source, is_safe};
use super::key::read_set;
use super::store::KeyStore;

/// How far clocks may be off: machines that keep time by the network differ by less than a second, others by half a
/// minute.
const LEEWAY: Duration = Duration::from_secs(30);
/// How long keys are used while no others can be fetched: an hour, in which the tokens of most issuers end.
const STALE_FOR: Duration = Duration::from_secs(60 * 60);

/// Says why there can be no such verifier.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVerifier {
    /// The issuer's identifier is none (RFC 8414 §2).
    #[error("expected an https URL without query and fragment as issuer (http on this machine), found {0:?}")]
    Issuer(String),
    /// The audience is empty: every token would be for somebody else.
    #[error("expected an audience, found none")]
    Audience,
    /// The URL of the keys is none, or anybody on the way could change them.
    #[error("expected an https URL of keys (http on this machine), found {0:?}")]
    JwksUrl(String),
    /// The set holds no key that signatures can be checked with.
    #[error("expected a set of keys with at least one to check signatures with")]
    Keys,
    /// No algorithm is allowed.
    #[error("expected at least one algorithm, found none")]
    Algorithms,
    /// The HTTP client's settings cannot be used.
    #[error("the settings of the HTTP client cannot be used")]
    HttpClient(
        /// Why not.
        #[source]
        car_http::Error,
    ),
}

/// Describes a [`JwtVerifier`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct JwtVerifierBuilder {
    issuer: String,
    audience: String,
    jwks_url: Option<String>,
    jwks: Option<String>,
    algorithms: Vec<Algorithm>,
    requires_at_jwt: bool,
    leeway: Duration,
    stale_for: Duration,
    http: ClientBuilder,
}

impl JwtVerifierBuilder {
    pub(super) fn new(issuer: String, audience: String) -> Self {
        Self {
            issuer,
            audience,
            jwks_url: None,
            jwks: None,
            algorithms: Algorithm::ALL.to_vec(),
            requires_at_jwt: false,
            leeway: LEEWAY,
            stale_for: STALE_FOR,
            http: ClientBuilder::default(),
        }
    }

    /// Sets where the keys are. Without it the issuer's metadata says so (RFC 8414, or OpenID Connect Discovery).
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.jwks_url = Some(url.into());
        self
    }

    /// Sets the keys themselves, as the JSON text of a set (RFC 7517 §5): nothing is fetched then.
    pub fn jwks(mut self, set: impl Into<String>) -> Self {
        self.jwks = Some(set.into());
        self
    }

    /// Sets which algorithms are allowed. All, without it.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Refuses tokens that do not say that they are access tokens (`typ` is `at+jwt`, RFC 9068 §2.1). Without it a token
    /// of the type `JWT`, or of none, is taken too, for most issuers write no other.
    pub fn require_at_jwt(mut self) -> Self {
        self.requires_at_jwt = true;
        self
    }

    /// Sets how far the issuer's clock may be off. Half a minute, without it.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets how long keys are used after their time while no others can be fetched. An hour, without it.
    pub fn stale_keys_for(mut self, time: Duration) -> Self {
        self.stale_for = time;
        self
    }

    /// Sets how keys are fetched: certificates, a proxy. Redirects are never followed.
    pub fn http_client(mut self, client: ClientBuilder) -> Self {
        self.http = client;
        self
    }

    /// Builds the verifier. Nothing is fetched before the first token comes.
    ///
    /// # Errors
    /// Says which setting cannot be used.
    pub fn build(self) -> Result<JwtVerifier, InvalidVerifier> {
        let issuer = Url::parse(&self.issuer)
            .ok()
            .filter(|url| is_safe(url) && url.query().is_none() && url.fragment().is_none())
            .ok_or_else(|| InvalidVerifier::Issuer(self.issuer.clone()))?;
        if self.audience.is_empty() {
            return Err(InvalidVerifier::Audience);
        }
        if self.algorithms.is_empty() {
            return Err(InvalidVerifier::Algorithms);
        }
        let keys = if let Some(set) = &self.jwks {
            let keys = read_set(set.as_bytes()).filter(|keys| !keys.is_empty());
            KeyStore::fixed(keys.ok_or(InvalidVerifier::Keys)?)
        } else {
            let source = match self.jwks_url {
                Some(url) => Source::Jwks(jwks_target(&url).ok_or(InvalidVerifier::JwksUrl(url))?),
                None => Source::Issuer { name: self.issuer.clone(), url: issuer },
            };
            // What is behind a redirect is not what the issuer published.
            let client = self.http.max_redirects(0).build().map_err(InvalidVerifier::HttpClient)?;
            KeyStore::fetched(Fetcher { client, source }, self.stale_for)
        };
        Ok(JwtVerifier {
            algorithms: self.algorithms,
            requires_at_jwt: self.requires_at_jwt,
            rules: Rules { issuer: self.issuer, audience: self.audience, leeway: self.leeway },
            keys,
        })
    }
}

fn jwks_target(url: &str) -> Option<Target> {
    let url = Url::parse(url).ok().filter(is_safe)?;
    Target::from_url(&url).ok()
}
