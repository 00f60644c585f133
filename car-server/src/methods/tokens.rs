//! The tokens of MCP clients and other programs.

use car_connectors::store::{AccessToken, NewAccessToken, Scope, StoreError};
use serde::{Deserialize, Serialize};

use super::desk::blocking;
use super::{Desk, Nothing, params};
use crate::notices::Notice;
use crate::rpc::RpcError;
use crate::visitor::Visitor;

const ADD: &str = "connectors.tokens.add";

/// What a token lets its holder do.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "Scope"))]
#[serde(rename_all = "snake_case")]
pub(super) enum Allowed {
    /// Look.
    Read,
    /// Call enabled tools too.
    Call,
    /// Everything.
    Manage,
}

impl From<Allowed> for Scope {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Read => Self::Read,
            Allowed::Call => Self::Call,
            Allowed::Manage => Self::Manage,
        }
    }
}

/// A token, without its secret.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Token {
    /// Names it where it is revoked. It is no secret.
    id: String,
    /// What a person calls it. It is who asks, in policy and event log, as `token:NAME`.
    name: String,
    /// What its holder may do: `read`, `call` or `manage`.
    scope: &'static str,
    /// The only connectors that its holder sees and uses; all of them where there is no list.
    connectors: Option<Vec<String>>,
    /// When it was made, in seconds since 1970.
    created_at: u64,
    /// When it ends, in seconds since 1970; never where nothing is said.
    expires_at: Option<u64>,
    /// Whether it has ended.
    ended: bool,
}

impl Token {
    fn new(token: AccessToken, now: u64) -> Self {
        let (ended, scope) = (token.has_ended(now), token.scope.as_str());
        let AccessToken { id, name, connectors, created_at, expires_at, .. } = token;
        Self { id, name, scope, connectors, created_at, expires_at, ended }
    }
}

/// All tokens.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Tokens {
    /// The oldest first, also those that have ended.
    tokens: Vec<Token>,
}

pub(super) async fn list(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Tokens, RpcError> {
    let access = desk.access.clone();
    let tokens = blocking(move || access.tokens()).await??;
    let now = desk.now();
    Ok(Tokens { tokens: tokens.all().iter().map(|token| Token::new(token.clone(), now)).collect() })
}

/// A token that is to be made.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// What a person calls it: 1 to 64 letters, digits, `-`, `_` and `.`.
    name: String,
    /// What its holder may do.
    scope: Allowed,
    /// The only connectors that its holder sees and uses, by slug; all of them where nothing is said.
    connectors: Option<Vec<String>>,
    /// How long it is good for, in seconds; for ever where nothing is said.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    expires_in_seconds: Option<u64>,
}

/// A token that was made.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Made {
    /// What is known of it.
    token: Token,
    /// The token itself, for `Authorization: Bearer …`. It is shown this once.
    secret: String,
}

pub(super) async fn add(desk: &Desk, visitor: &Visitor, add: Add) -> Result<Made, RpcError> {
    let now = desk.now();
    if add.expires_in_seconds == Some(0) {
        let what = "expires_in_seconds: expected a number from 1 on, found 0";
        return Err(RpcError::invalid_params(ADD, what));
    }
    let known = desk.slugs(visitor).await?;
    for (place, slug) in add.connectors.iter().flatten().enumerate() {
        if !known.contains(slug) {
            let what = format!("connectors[{place}]: there is no connector {slug:?}");
            return Err(RpcError::invalid_params(ADD, &what));
        }
    }
    let mut new = NewAccessToken::new(add.name, add.scope.into());
    new.connectors = add.connectors;
    new.expires_at = add.expires_in_seconds.map(|seconds| now.saturating_add(seconds));
    let access = desk.access.clone();
    let made = blocking(move || access.add(new, now)).await?;
    let (token, secret) = made.map_err(|error| match error {
        StoreError::UnfitToken { message } => RpcError::invalid_params(ADD, &message),
        other => other.into(),
    })?;
    desk.notices.tell(Notice::AccessChanged {});
    Ok(Made { token: Token::new(token, now), secret: secret.expose().to_owned() })
}

/// A token.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Its id, or its name.
    id: String,
}

/// What became of revoking it.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Revoked {
    /// Whether there was such a token.
    revoked: bool,
}

pub(super) async fn revoke(desk: &Desk, _: &Visitor, which: Which) -> Result<Revoked, RpcError> {
    let access = desk.access.clone();
    let revoked = blocking(move || access.revoke(&which.id)).await??.is_some();
    if revoked {
        desk.notices.tell(Notice::AccessChanged {});
    }
    Ok(Revoked { revoked })
}

params!(about a connector:; about none: Add, Which);
