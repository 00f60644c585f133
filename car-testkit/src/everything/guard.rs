//! Asks the authorization server in this process whether a token is good.

use std::sync::Arc;

use car_mcp::server::Principal;
use car_mcp::transport::BoxFuture;
use car_mcp_http::server::protect::{BearerToken, TokenVerifier, VerifiedToken, VerifyError};
use http::request::Parts;

use crate::authority::{Authority, Introspected};

/// Tokens of one authorization server, for one resource.
pub(super) struct Guard {
    authority: Arc<Authority>,
    resource: String,
}

impl Guard {
    pub(super) fn new(authority: Arc<Authority>, resource: &str) -> Self {
        Self { authority, resource: resource.to_owned() }
    }

    fn check(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let invalid = |text: &str| VerifyError::Invalid(text.to_owned());
        let known = self.authority.introspect(token);
        let Introspected { client, subject, scope, resource, thumbprint, .. } =
            known.ok_or_else(|| invalid("the token is unknown, or no longer good"))?;
        if resource.as_deref() != Some(self.resource.as_str()) {
            return Err(invalid("the token is for another resource"));
        }
        if thumbprint.is_some() {
            return Err(invalid("the token is bound to a key, and came without a proof of it"));
        }
        let mut principal = Principal::new(subject.unwrap_or(client));
        principal.scopes = scope.split_whitespace().map(Into::into).collect();
        Ok(VerifiedToken::new(principal))
    }
}

impl TokenVerifier for Guard {
    fn verify<'a>(
        &'a self,
        token: BearerToken<'a>,
        _: &'a Parts,
    ) -> BoxFuture<'a, Result<VerifiedToken, VerifyError>> {
        Box::pin(std::future::ready(self.check(token.expose())))
    }
}
