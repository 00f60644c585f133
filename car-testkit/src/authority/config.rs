//! What a test may choose about the authorization server, before it starts and while it runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::canned::Canned;
use super::people::{Account, Client};
use super::rules::{
    AccessTokens, Consent, Dpop, Iss, RefreshTokens, Registration, RegistrationSecret, ResourceRule,
    Rotation, TokenFault, WellKnown,
};

/// The server's settings. The default is a friendly modern server; change fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuthorityConfig {
    /// The port on 127.0.0.1; 0 takes any free one. Read only at the start.
    pub port: u16,
    /// Serves https with these settings; see [`crate::server_config`]. Read only at the start.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// The path of the issuer, such as `/tenant`; empty for an issuer that is an origin. Every endpoint lies below it.
    pub issuer_path: String,
    /// The well-known places at which the metadata document is found.
    pub discovery: Vec<WellKnown>,
    /// An RFC 7396 merge patch over the metadata document: sets, replaces or (`null`) removes any member.
    pub metadata_patch: Value,
    /// Answers this instead of the metadata document.
    pub metadata_canned: Option<Canned>,
    /// `scopes_supported`.
    pub scopes: Vec<String>,
    /// Whether a scope that is not among those is refused (`invalid_scope`).
    pub refuses_unknown_scopes: bool,
    /// The scope that is granted whatever was asked for; `None` grants what was asked for.
    pub granted_scope: Option<String>,
    /// `token_endpoint_auth_methods_supported`.
    pub token_auth_methods: Vec<String>,
    /// The clients known beforehand.
    pub clients: Vec<Client>,
    /// The public keys (JWK on the curve P-256) whose assertions are taken in a `jwt-bearer` grant, besides our own.
    pub trusted_keys: Vec<Value>,
    /// What happens at the registration endpoint (RFC 7591).
    pub registration: Registration,
    /// Which registered clients get a secret.
    pub registration_secret: RegistrationSecret,
    /// Whether a client may name itself by the https URL of its metadata document. The document is not fetched.
    pub client_id_documents: bool,
    /// Whether and how authorization responses carry `iss` (RFC 9207).
    pub iss: Iss,
    /// What the user does when the client sends them here.
    pub consent: Consent,
    /// Who signs in.
    pub account: Account,
    /// How long a code can be redeemed.
    pub code_lifetime: Duration,
    /// `expires_in` of access tokens, in seconds. `None` leaves it out and the token lasts; so does the token of a
    /// server that announces zero or less.
    pub access_token_lifetime: Option<i64>,
    /// What access tokens look like.
    pub access_tokens: AccessTokens,
    /// Who gets a refresh token.
    pub refresh_tokens: RefreshTokens,
    /// What becomes of a refresh token that was used.
    pub rotation: Rotation,
    /// The wait before a refresh is answered. The rotation has taken place by then: who stops waiting has lost it.
    pub refresh_delay: Duration,
    /// An RFC 7396 merge patch over every successful token response.
    pub token_patch: Value,
    /// What goes wrong when a code is redeemed, and in every grant other than a refresh.
    pub token_fault: Option<TokenFault>,
    /// What goes wrong in a refresh.
    pub refresh_fault: Option<TokenFault>,
    /// What is thought of the `resource` parameter (RFC 8707).
    pub resource: ResourceRule,
    /// Whether proofs of possession are taken, and demanded (RFC 9449).
    pub dpop: Dpop,
    /// How long the user of a device may take.
    pub device_lifetime: Duration,
    /// The least seconds between two questions of a waiting device (RFC 8628 `interval`).
    pub device_interval: u64,
}

impl Default for AuthorityConfig {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Self {
            port: 0,
            tls: None,
            issuer_path: String::new(),
            discovery: vec![WellKnown::OAuth, WellKnown::OpenIdInserted, WellKnown::OpenIdAppended],
            metadata_patch: json!({}),
            metadata_canned: None,
            scopes: texts(&["openid", "email", "profile", "offline_access", "mcp:read", "mcp:write"]),
            refuses_unknown_scopes: false,
            granted_scope: None,
            token_auth_methods: texts(&[
                "none",
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
            ]),
            clients: Vec::new(),
            trusted_keys: Vec::new(),
            registration: Registration::Open,
            registration_secret: RegistrationSecret::WhenAskedFor,
            client_id_documents: true,
            iss: Iss::Advertised,
            consent: Consent::AtOnce,
            account: Account::default(),
            code_lifetime: Duration::from_secs(60),
            access_token_lifetime: Some(3_600),
            access_tokens: AccessTokens::Opaque,
            refresh_tokens: RefreshTokens::Always,
            rotation: Rotation::Strict,
            refresh_delay: Duration::ZERO,
            token_patch: json!({}),
            token_fault: None,
            refresh_fault: None,
            resource: ResourceRule::Any,
            dpop: Dpop::Off,
            device_lifetime: Duration::from_secs(600),
            device_interval: 5,
        }
    }
}
