//! A successful token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3), and what is remembered of it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::jwt::now;
use super::route::Asked;
use super::rules::{AccessTokens, RefreshTokens};
use super::state::{Access, Grant, Memory, Refresh, State, secret};

/// What is to be issued.
pub(super) struct Issue {
    pub(super) grant: Grant,
    /// OpenID Connect's `nonce` of the authorization request.
    pub(super) nonce: Option<String>,
    /// Whether a refresh token may come with it.
    pub(super) with_refresh: bool,
}

/// Takes the memory from its caller, so that what is used up and what comes of it are one step.
pub(super) fn issue(memory: &mut Memory, state: &State, asked: &Asked, what: Issue) -> Value {
    let config = &asked.config;
    let mut grant = what.grant;
    if let Some(granted) = &config.granted_scope {
        grant.scope.clone_from(granted);
    }
    let access = match config.access_tokens {
        AccessTokens::Opaque => secret("access"),
        AccessTokens::Jwt => access_token(state, asked, &grant),
    };
    let mut answer = json!({ "access_token": access, "token_type": "Bearer" });
    if grant.thumbprint.is_some() {
        answer["token_type"] = json!("DPoP");
    }
    if !grant.scope.is_empty() {
        answer["scope"] = json!(grant.scope);
    }
    if let Some(seconds) = config.access_token_lifetime {
        answer["expires_in"] = json!(seconds);
    }
    if grant.scope.split(' ').any(|scope| scope == "openid") && grant.account.is_some() {
        answer["id_token"] = json!(id_token(state, asked, &grant, what.nonce.as_deref()));
    }
    let lifetime = config.access_token_lifetime.and_then(|seconds| u64::try_from(seconds).ok());
    let expires =
        lifetime.filter(|seconds| *seconds > 0).map(|seconds| Instant::now() + Duration::from_secs(seconds));
    memory.access.insert(access, Access { grant: grant.clone(), expires });
    let refresh = match config.refresh_tokens {
        RefreshTokens::Always => true,
        RefreshTokens::WithOfflineAccess => grant.scope.split(' ').any(|scope| scope == "offline_access"),
        RefreshTokens::Never => false,
    };
    if refresh && what.with_refresh {
        let refresh = secret("refresh");
        answer["refresh_token"] = json!(refresh);
        memory.refresh.insert(refresh, Refresh { grant, spent: None });
    }
    answer
}

/// RFC 9068 §2.2.
fn access_token(state: &State, asked: &Asked, grant: &Grant) -> String {
    let lifetime = asked.config.access_token_lifetime.and_then(|seconds| u64::try_from(seconds).ok());
    let subject = grant.account.as_ref().map_or(&grant.client, |account| &account.subject);
    let claims = json!({
        "iss": asked.issuer(),
        "sub": subject,
        "aud": grant.resource,
        "client_id": grant.client,
        "scope": grant.scope,
        "iat": now(),
        "exp": now() + lifetime.unwrap_or(3_600),
        "jti": secret("jti"),
    });
    state.key.sign(&json!({ "typ": "at+jwt" }), &claims)
}

fn id_token(state: &State, asked: &Asked, grant: &Grant, nonce: Option<&str>) -> String {
    let account = grant.account.clone().unwrap_or_default();
    let mut claims = json!({
        "iss": asked.issuer(),
        "aud": grant.client,
        "sub": account.subject,
        "email": account.email,
        "name": account.name,
        "iat": now(),
        "exp": now() + 3_600,
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    state.key.sign(&json!({ "typ": "JWT" }), &claims)
}
