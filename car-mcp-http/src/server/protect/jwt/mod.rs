//! Tokens that are signed JSON Web Tokens (RFC 7519, RFC 9068), checked with the issuer's published keys.
//!
//! ```text
//!  token ─▶ Compact::read ─▶ header: algorithm allowed? ─▶ claims: for us, from the issuer, in time?
//!                                                               │
//!             VerifiedToken ◀── signature ◀── Key of this kind ◀┴─ KeyStore ◀── metadata ─▶ JWKS
//! ```
//!
//! What can be refused without a key is refused before one is fetched; nothing is believed before the signature is
//! checked. The algorithm is chosen by neither side alone: the token names one, it has to be among those allowed, and
//! only a key whose own kind, `alg` and `use` fit it is tried (RFC 8725 §3.1).

mod algorithm;
mod builder;
mod claims;
mod compact;
mod fetch;
mod key;
mod store;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use car_mcp::transport::BoxFuture;
use http::request::Parts;

pub use self::algorithm::Algorithm;
pub use self::builder::{InvalidVerifier, JwtVerifierBuilder};
use self::claims::Rules;
use self::compact::Compact;
use self::store::KeyStore;
use super::verifier::{BearerToken, TokenVerifier, VerifiedToken, VerifyError};

/// Takes tokens that one issuer signed for one audience.
///
/// The principal is named by the issuer and `sub`, or by the issuer and the client where a token has no `sub`; its
/// scopes are those of `scope` or `scp`. Tokens that are bound to a key (`cnf`) are refused: a bearer does not prove
/// that they have it.
#[derive(Debug)]
pub struct JwtVerifier {
    algorithms: Vec<Algorithm>,
    requires_at_jwt: bool,
    rules: Rules,
    keys: KeyStore,
}

impl JwtVerifier {
    /// Returns a verifier with the default settings: keys are found by the issuer's metadata, and every asymmetric
    /// algorithm is allowed.
    ///
    /// # Errors
    /// As [`JwtVerifierBuilder::build`].
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, InvalidVerifier> {
        Self::builder(issuer, audience).build()
    }

    /// Begins to describe a verifier. The issuer is its exact name (`iss`); the audience is the resource's identifier,
    /// which tokens have to name in `aud`.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> JwtVerifierBuilder {
        JwtVerifierBuilder::new(issuer.into(), audience.into())
    }

    async fn verify_at(&self, token: BearerToken<'_>, now: SystemTime) -> Result<VerifiedToken, VerifyError> {
        let compact = Compact::read(token.expose()).map_err(invalid)?;
        let algorithm = compact.check_header(&self.algorithms, self.requires_at_jwt).map_err(invalid)?;
        let verified = self.rules.check(&compact.claims, now)?;
        let kid = compact.header.kid.as_deref();
        let keys = self.keys.find(kid, algorithm).await?;
        let is_signed = keys.fitting(kid, algorithm).any(|key| compact.is_signed_by(key, algorithm));
        is_signed
            .then_some(verified)
            .ok_or_else(|| invalid("expected a signature of the issuer's, found another"))
    }
}

impl TokenVerifier for JwtVerifier {
    fn verify<'a>(
        &'a self,
        token: BearerToken<'a>,
        _head: &'a Parts,
    ) -> BoxFuture<'a, Result<VerifiedToken, VerifyError>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the rim that reads the clock: tokens live by the wall's time"
        )]
        let now = SystemTime::now();
        Box::pin(self.verify_at(token, now))
    }
}

fn invalid(what: impl Into<String>) -> VerifyError {
    VerifyError::Invalid(what.into())
}
