//! What a test may choose about the authorization server, before it starts and while it runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::canned::Canned;

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
            refresh_tokens: RefreshTokens::Always,
            rotation: Rotation::Strict,
            refresh_delay: Duration::ZERO,
            token_patch: json!({}),
            token_fault: None,
            refresh_fault: None,
            resource: ResourceRule::Any,
            dpop: Dpop::Off,
            device_interval: 5,
        }
    }
}

/// Where a metadata document may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WellKnown {
    /// `/.well-known/oauth-authorization-server`, then the issuer's path (RFC 8414 §3.1).
    OAuth,
    /// `/.well-known/openid-configuration`, then the issuer's path.
    OpenIdInserted,
    /// The issuer's path, then `/.well-known/openid-configuration` (OpenID Connect Discovery §4).
    OpenIdAppended,
}

/// A client that is known beforehand, or that has registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; without one the client is public, or has a key.
    pub secret: Option<String>,
    /// The redirect URIs. The port of a loopback one may differ (RFC 8252 §7.3). None at all allows any.
    pub redirect_uris: Vec<String>,
    /// `token_endpoint_auth_method`; `None` takes any method by which the secret can be shown.
    pub auth_method: Option<String>,
    /// The second of the Unix epoch from which on the secret is refused; 0 for never (RFC 7591 §3.2.1).
    pub secret_expires: u64,
    /// The public key of `private_key_jwt`: a JWK on the curve P-256.
    pub jwk: Option<Value>,
}

impl Client {
    /// A public client.
    pub fn public(id: &str, redirect_uris: &[&str]) -> Self {
        let redirect_uris = redirect_uris.iter().map(|uri| (*uri).to_owned()).collect();
        Self { id: id.to_owned(), redirect_uris, ..Self::default() }
    }

    /// A client with a secret.
    pub fn confidential(id: &str, secret: &str, redirect_uris: &[&str]) -> Self {
        Self { secret: Some(secret.to_owned()), ..Self::public(id, redirect_uris) }
    }

    /// A client that signs with the private key of `jwk`.
    pub fn with_key(id: &str, jwk: Value) -> Self {
        Self { jwk: Some(jwk), auth_method: Some("private_key_jwt".to_owned()), ..Self::public(id, &[]) }
    }
}

/// What happens at the registration endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Registration {
    /// Whoever asks is registered.
    Open,
    /// There is no such endpoint, and the metadata names none.
    Absent,
    /// Answers 400 `invalid_redirect_uri`.
    RefusesRedirectUris,
    /// Answers 400 with this error and description (RFC 7591 §3.2.2).
    Refuses(String, String),
    /// Answers 403 with a line of plain text, as a gateway would.
    Forbidden,
}

/// Which registered clients get a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationSecret {
    /// Those whose authentication method uses one.
    WhenAskedFor,
    /// All, even those that asked for none.
    Always,
    /// All, and it can be used until this second of the Unix epoch (`client_secret_expires_at`).
    Until(u64),
}

/// Whether and how authorization responses carry `iss`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Iss {
    /// Announced and sent.
    Advertised,
    /// Neither announced nor sent.
    NotAdvertised,
    /// Sent without being announced.
    SentThoughNotAdvertised,
    /// Announced, but not sent.
    MissingThoughAdvertised,
    /// Announced, and this is sent.
    Wrong(String),
}

/// What the user does at the authorization endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consent {
    /// Agrees: the endpoint redirects at once.
    AtOnce,
    /// Is shown a page with a button.
    Page,
    /// Does not agree: redirects with this error code.
    Refused(String),
    /// Agrees, but the response carries this `state`.
    WrongState(String),
}

/// Who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// `sub`.
    pub subject: String,
    /// `email`.
    pub email: String,
    /// `name`.
    pub name: String,
}

impl Account {
    /// An account by its three claims.
    pub fn new(subject: &str, email: &str, name: &str) -> Self {
        Self { subject: subject.to_owned(), email: email.to_owned(), name: name.to_owned() }
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new("user-1", "ada@example.com", "Ada Lovelace")
    }
}

/// Who gets a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshTokens {
    /// Every user's client.
    Always,
    /// Those that asked for the scope `offline_access`.
    WithOfflineAccess,
    /// None.
    Never,
}

/// What becomes of a refresh token that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rotation {
    /// It is spent, and using it again revokes every token that descends from the same consent (RFC 9700 §4.14.2).
    Strict,
    /// Within this time it is answered with the same successor again; after it as under `Strict`.
    Grace(Duration),
    /// It stays, and the answer brings no new one.
    None,
}

/// What goes wrong at the token endpoint. Nothing takes place on the server's side, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFault {
    /// This answer instead.
    Canned(Canned),
    /// This status with this error code (RFC 6749 §5.2).
    Error(u16, String),
    /// 429, with `Retry-After` in seconds.
    TooMany(u64),
    /// A good answer, with an access token that every resource refuses.
    DeadToken,
}

/// What is thought of the `resource` parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResourceRule {
    /// Anything will do, also none.
    Any,
    /// It must be there, and be exactly this.
    Exactly(String),
    /// It must not be there: `invalid_target`.
    Refused,
}

/// Whether proofs of possession are taken, and demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dpop {
    /// They are ignored.
    Off,
    /// Who sends one gets a token bound to its key.
    Supported,
    /// Everyone must send one.
    Required,
    /// Everyone must send one with the server's nonce.
    RequiredWithNonce,
}

impl Dpop {
    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::RequiredWithNonce)
    }
}
