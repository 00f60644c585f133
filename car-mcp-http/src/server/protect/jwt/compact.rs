//! A signed token in compact form, taken apart (RFC 7515 §7.1, RFC 8725).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::algorithm::Algorithm;
use super::claims::Claims;
use super::key::Key;

/// A longer header, still in its base64 form, is not read: issuers need some hundred bytes.
const MAX_HEADER_BYTES: usize = 4 * 1024;
/// A longer signature, still in its base64 form, is none: that of the largest RSA key that is taken is 1,366.
const MAX_SIGNATURE_BYTES: usize = 1_400;

/// A token taken apart. Nothing in it is to be believed before [`Compact::is_signed_by`].
#[derive(Debug)]
pub(super) struct Compact<'a> {
    pub(super) header: Header,
    pub(super) claims: Claims,
    /// What was signed: the header and the claims as they came.
    signed: &'a str,
    signature: Vec<u8>,
}

/// The header (RFC 7515 §4.1). A key or the address of one that it brings along (`jwk`, `jku`, `x5u`, `x5c`) is not
/// looked at: keys come from the issuer.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    alg: String,
    typ: Option<String>,
    pub(super) kid: Option<String>,
    /// Whether there is a list of extensions that have to be understood, whatever is in it.
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

/// Tells that a member is there, of whatever type.
pub(super) fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

impl<'a> Compact<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// Says what it is not.
    pub(super) fn read(token: &'a str) -> Result<Self, &'static str> {
        const FORM: &str = "expected a signed JSON Web Token of three parts";
        let (signed, signature) = token.rsplit_once('.').ok_or(FORM)?;
        let (header, claims) = signed.split_once('.').ok_or(FORM)?;
        if claims.contains('.') {
            return Err(FORM);
        }
        if header.len() > MAX_HEADER_BYTES || signature.len() > MAX_SIGNATURE_BYTES {
            return Err("expected a header and a signature of a usual size, found larger ones");
        }
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| FORM);
        let header =
            serde_json::from_slice(&decode(header)?).map_err(|_| "expected the header of a token")?;
        let claims =
            serde_json::from_slice(&decode(claims)?).map_err(|_| "expected the claims of a token")?;
        Ok(Self { header, claims, signed, signature: decode(signature)? })
    }

    /// Checks the header, and returns the algorithm.
    ///
    /// # Errors
    /// Says what is not allowed.
    pub(super) fn check_header(
        &self,
        allowed: &[Algorithm],
        requires_at_jwt: bool,
    ) -> Result<Algorithm, &'static str> {
        // RFC 7515 §4.1.11: none is understood here.
        if self.header.crit {
            return Err("expected no critical extension, found one");
        }
        // RFC 7515 §4.1.9: a media type in any case, `application/` left out.
        let typ = self.header.typ.as_deref().map(str::to_ascii_lowercase);
        let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
        let fits = match typ {
            Some("at+jwt") => true,
            Some("jwt") | None => !requires_at_jwt,
            Some(_) => false,
        };
        if !fits {
            return Err("expected a token of the type at+jwt");
        }
        Algorithm::of_name(&self.header.alg)
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or("expected a signature with an algorithm that is allowed here")
    }

    /// Whether the key made the signature.
    pub(super) fn is_signed_by(&self, key: &Key, algorithm: Algorithm) -> bool {
        key.has_signed(algorithm, self.signed.as_bytes(), &self.signature)
    }
}
