//! The choices of a test, one by one: where the metadata stands, who may register, what becomes of tokens.

use std::time::Duration;

use super::canned::Canned;

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

/// What an access token looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AccessTokens {
    /// It means nothing to anybody else.
    Opaque,
    /// A JSON Web Token for the `resource` that was asked for, signed with the key at `jwks_uri` (RFC 9068).
    Jwt,
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
