//! Tokens as they are kept, and what they become by a renewal.

use serde::{Deserialize, Serialize};

use super::record::{optional_secret, secret};
use crate::client_auth::AuthMethod;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::issuer::Issuer;
use crate::keys::SigningKey;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::token::{TokenResponse, TokenType};

/// Tokens, with all that is needed to renew and to give them back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The resource that the tokens are for, as it was asked for; nothing where it had to be left out.
    #[serde(default)]
    pub(crate) resource: Option<String>,
    pub(crate) token_endpoint: String,
    #[serde(default)]
    pub(crate) revocation_endpoint: Option<String>,
    #[serde(default)]
    pub(crate) auth_method: Option<AuthMethod>,
    #[serde(with = "secret")]
    pub(crate) access_token: Secret,
    /// Whether the token is bound to a key (RFC 9449).
    #[serde(default, with = "optional_secret", skip_serializing_if = "Option::is_none")]
    pub(crate) dpop_key: Option<Secret>,
    pub(crate) obtained_at: Timestamp,
    #[serde(default)]
    pub(crate) expires_at: Option<Timestamp>,
    #[serde(default, with = "optional_secret", skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Secret>,
    /// What was granted, if the server said so.
    #[serde(default)]
    pub(crate) scopes: Option<Scopes>,
    /// What was asked for.
    #[serde(default)]
    pub(crate) requested: Option<Scopes>,
}

/// What a grant is made of beside the answer.
pub(super) struct FirstGrant<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) client_id: &'a str,
    pub(super) resource: Option<&'a str>,
    pub(super) token_endpoint: &'a Endpoint,
    pub(super) revocation_endpoint: Option<&'a Endpoint>,
    pub(super) auth_method: Option<AuthMethod>,
    pub(super) key: Option<&'a SigningKey>,
    pub(super) requested: Option<Scopes>,
}

impl Grant {
    /// Returns whether the token serves for at least this many seconds more.
    pub(crate) fn serves(&self, now: Timestamp, margin: u64) -> bool {
        self.expires_at.is_none_or(|end| now.plus(margin) < end)
    }

    /// Returns how long the token lived when it was new, in seconds.
    pub(crate) fn lifetime(&self) -> Option<u64> {
        self.expires_at.map(|end| end.since(self.obtained_at))
    }

    /// Returns what was asked for and what was granted, together.
    pub(crate) fn permissions(&self) -> Scopes {
        let requested = self.requested.clone().unwrap_or_default();
        requested.union(&self.scopes.clone().unwrap_or_default())
    }

    pub(crate) fn is_same_token(&self, other: &Self) -> bool {
        self.access_token.expose() == other.access_token.expose()
    }

    /// Returns what a grant has become by a refresh. What the answer leaves out stays as it was (RFC 6749 §6).
    pub(crate) fn renewed(&self, response: TokenResponse, now: Timestamp) -> Self {
        let mut renewed = self.clone();
        renewed.access_token = response.access_token;
        renewed.obtained_at = now;
        renewed.expires_at = response.expires_in.map(|seconds| now.plus(seconds));
        renewed.refresh_token = response.refresh_token.or(renewed.refresh_token);
        renewed.scopes = response.scope.or(renewed.scopes);
        renewed
    }

    /// Makes a grant of a first answer.
    pub(super) fn first(
        parts: FirstGrant<'_>,
        response: TokenResponse,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let key = match (response.token_type, parts.key) {
            (TokenType::DPoP, Some(key)) => Some(key.to_pkcs8_pem()),
            // A server that does not bind tokens answers with one for everybody (RFC 9449 §5).
            (TokenType::Bearer, _) => None,
            (TokenType::DPoP, None) => {
                return Err(Error::InvalidTokenResponse {
                    issuer: parts.issuer.to_string(),
                    endpoint: "token",
                    what: "expected the token_type Bearer, found DPoP, though no key was shown".to_owned(),
                });
            }
        };
        Ok(Self {
            issuer: parts.issuer.to_string(),
            client_id: parts.client_id.to_owned(),
            resource: parts.resource.map(str::to_owned),
            token_endpoint: parts.token_endpoint.as_str().to_owned(),
            revocation_endpoint: parts.revocation_endpoint.map(|endpoint| endpoint.as_str().to_owned()),
            auth_method: parts.auth_method,
            access_token: response.access_token,
            dpop_key: key,
            obtained_at: now,
            expires_at: response.expires_in.map(|seconds| now.plus(seconds)),
            refresh_token: response.refresh_token,
            scopes: response.scope,
            requested: parts.requested,
        })
    }
}
