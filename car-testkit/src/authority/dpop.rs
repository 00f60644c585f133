//! Proofs of possession (RFC 9449 §4.3), checked alike at the token endpoint and at the protected server.

use serde_json::Value;

use super::jwt::{Parts, now, sha256, thumbprint};
use super::route::{Asked, Refusal};
use super::rules::Dpop;
use super::state::State;

/// How far the clocks of client and server may differ, in seconds.
const CLOCK_SKEW: u64 = 300;

/// What a proof must say to be good for one request.
pub(super) struct Expected<'a> {
    /// The HTTP method.
    pub(super) htm: &'a str,
    /// The URL without query and fragment.
    pub(super) htu: &'a str,
    /// The access token that is shown with the proof.
    pub(super) token: Option<&'a str>,
    /// The nonce that was given out, where one is demanded.
    pub(super) nonce: Option<&'a str>,
}

/// Why a proof is not taken.
#[derive(Debug)]
pub(super) enum BadProof {
    /// It is wrong, in this way.
    Invalid(&'static str),
    /// It lacks the nonce, or bears an old one.
    Nonce,
}

/// Checks one proof and returns the thumbprint of its key.
pub(super) fn check(state: &State, proof: &str, expected: &Expected<'_>) -> Result<String, BadProof> {
    let wrong = |text| Err(BadProof::Invalid(text));
    let Some(parts) = Parts::read(proof) else { return wrong("the proof is not a JWT") };
    let jwk = &parts.header["jwk"];
    if parts.header["typ"] != "dpop+jwt" {
        return wrong("typ is not dpop+jwt");
    }
    if jwk.get("d").is_some() {
        return wrong("jwk holds the private key");
    }
    if !parts.is_signed_by(jwk) {
        return wrong("the signature is not one of ES256 by the key in jwk");
    }
    let claims = &parts.claims;
    if claims["htm"] != expected.htm {
        return wrong("htm is not the method");
    }
    if claims["htu"] != expected.htu {
        return wrong("htu is not the URL");
    }
    if claims["iat"].as_u64().is_none_or(|at| at.abs_diff(now()) > CLOCK_SKEW) {
        return wrong("iat is not about now");
    }
    let hash = expected.token.map(|token| Value::from(sha256(token.as_bytes())));
    if claims.get("ath") != hash.as_ref() {
        return wrong("ath is not the hash of the access token");
    }
    if let Some(nonce) = expected.nonce
        && claims["nonce"] != nonce
    {
        return Err(BadProof::Nonce);
    }
    let Some(jti) = claims["jti"].as_str() else { return wrong("there is no jti") };
    if !state.memory().proofs.insert(format!("proof {jti}")) {
        return wrong("jti was used before");
    }
    Ok(thumbprint(jwk))
}

/// Checks the proof of a token request; `None` when there is none and none is demanded.
pub(super) fn at_token_endpoint(state: &State, asked: &Asked) -> Result<Option<String>, Refusal> {
    let rule = asked.config.dpop;
    if rule == Dpop::Off {
        return Ok(None);
    }
    if asked.seen.headers.get_all("dpop").iter().count() > 1 {
        return Err(Refusal::new("invalid_dpop_proof", "more than one proof"));
    }
    let Some(proof) = asked.seen.dpop() else {
        let refused = rule.is_required().then(|| Refusal::new("invalid_dpop_proof", "a proof is needed"));
        return refused.map_or(Ok(None), Err);
    };
    let nonce = (rule == Dpop::RequiredWithNonce).then(|| state.memory().nonce.clone());
    let htu = format!("{}{}", asked.origin, asked.seen.path);
    let expected = Expected { htm: "POST", htu: &htu, token: None, nonce: nonce.as_deref() };
    match check(state, proof, &expected) {
        Ok(thumbprint) => Ok(Some(thumbprint)),
        Err(BadProof::Invalid(text)) => Err(Refusal::new("invalid_dpop_proof", text)),
        Err(BadProof::Nonce) => {
            Err(Refusal { nonce, ..Refusal::new("use_dpop_nonce", "the proof needs our nonce") })
        }
    }
}
