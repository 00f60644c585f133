//! What a token says, and whether that lets its bearer in here (RFC 7519 §4.1, RFC 9068 §4, RFC 8725 §3).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use car_mcp::server::Principal;
use serde::Deserialize;

use super::compact::is_there;
use super::invalid;
use crate::server::protect::verifier::{VerifiedToken, VerifyError};

/// A later second is none: it is in the year 10,000, and clocks of some systems end not long after.
const MAX_SECONDS: f64 = 253_402_300_800.0;

/// The claims that matter here. A claim of the wrong type, or one that stands there twice, costs the token.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<OneOrMany>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    client_id: Option<String>,
    azp: Option<String>,
    scope: Option<OneOrMany>,
    scp: Option<OneOrMany>,
    #[serde(default, deserialize_with = "is_there")]
    cnf: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn texts(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

/// What a token has to say.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) audience: String,
    /// How far the issuer's clock may be off.
    pub(super) leeway: Duration,
}

impl Rules {
    /// Checks the claims and returns what they say.
    ///
    /// # Errors
    /// Says what is missing or wrong, or that the token has expired.
    pub(super) fn check(&self, claims: &Claims, now: SystemTime) -> Result<VerifiedToken, VerifyError> {
        if claims.iss.as_deref() != Some(self.issuer.as_str()) {
            return Err(invalid("expected a token of this resource's issuer, found one of another"));
        }
        let audiences = claims.aud.as_ref().map(OneOrMany::texts).unwrap_or_default();
        if !audiences.contains(&self.audience) {
            return Err(invalid("expected a token for this resource, found one for another"));
        }
        if claims.cnf {
            return Err(invalid("expected a token for any bearer, found one that is bound to a key"));
        }
        let end = time(claims.exp.ok_or_else(|| invalid("expected a token that says when it expires"))?)?;
        if now >= end + self.leeway {
            return Err(VerifyError::Expired);
        }
        for start in [claims.nbf, claims.iat].into_iter().flatten() {
            if time(start)? > now + self.leeway {
                return Err(invalid("expected a token that is good already"));
            }
        }
        let mut principal = Principal::new(self.principal_id(claims)?);
        principal.scopes = scopes(claims);
        Ok(VerifiedToken::new(principal).expires_at(end + self.leeway))
    }

    /// Names the bearer. An issuer has no fragment, so that what follows `#` cannot be mistaken for a part of it, nor a
    /// client for a user of the same name.
    fn principal_id(&self, claims: &Claims) -> Result<String, VerifyError> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(subject) = filled(&claims.sub) {
            return Ok(format!("{}#sub={subject}", self.issuer));
        }
        let client = filled(&claims.client_id).or_else(|| filled(&claims.azp));
        let client = client.ok_or_else(|| invalid("expected a token that says who it is for"))?;
        Ok(format!("{}#client_id={client}", self.issuer))
    }
}

/// RFC 8693 §4.2 has one text with spaces; issuers that write `scp` have that, or a list.
fn scopes(claims: &Claims) -> Vec<Box<str>> {
    let texts = claims.scope.as_ref().or(claims.scp.as_ref()).map(OneOrMany::texts).unwrap_or_default();
    texts.iter().flat_map(|text| text.split_ascii_whitespace()).map(Box::from).collect()
}

fn time(seconds: f64) -> Result<SystemTime, VerifyError> {
    if !(0.0..MAX_SECONDS).contains(&seconds) {
        return Err(invalid("expected a point in time"));
    }
    Ok(UNIX_EPOCH + Duration::from_secs_f64(seconds))
}
