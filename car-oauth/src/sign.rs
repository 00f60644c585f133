//! The seam for keys: the core says what is signed, not with what.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use sha2::{Digest, Sha256};

use crate::Error;

/// A public key as JSON (RFC 7517), with the members that its thumbprint is made of (RFC 7638 §3.2) and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk(pub(crate) Vec<(&'static str, String)>);

impl Jwk {
    /// Describes a point on an elliptic curve (RFC 7518 §6.2.1); coordinates are big-endian, of the curve's length.
    #[must_use]
    pub fn elliptic(curve: &str, x: &[u8], y: &[u8]) -> Self {
        Self(vec![("crv", curve.to_owned()), ("kty", "EC".to_owned()), ("x", encoded(x)), ("y", encoded(y))])
    }

    /// Describes an Edwards curve key (RFC 8037 §2).
    #[must_use]
    pub fn octet(curve: &str, x: &[u8]) -> Self {
        Self(vec![("crv", curve.to_owned()), ("kty", "OKP".to_owned()), ("x", encoded(x))])
    }

    /// Describes an RSA key (RFC 7518 §6.3.1); numbers are big-endian without leading zeros.
    #[must_use]
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        Self(vec![("e", encoded(exponent)), ("kty", "RSA".to_owned()), ("n", encoded(modulus))])
    }

    /// Returns the key as JSON without blanks, members in the order of RFC 7638 §3.3.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a map of texts is always JSON")
    }

    /// Returns the SHA-256 thumbprint in base64url (RFC 7638 §3): 43 characters.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.to_json()))
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Something that signs.
pub trait Sign: Send + Sync + std::fmt::Debug {
    /// Returns the algorithm by its JOSE name (RFC 7518 §3.1), such as `ES256`.
    fn algorithm(&self) -> &str;

    /// Returns the name under which the other side knows the key.
    fn key_id(&self) -> Option<&str>;

    /// Returns the public key.
    fn public_jwk(&self) -> Jwk;

    /// Signs a message; the signature is in the form that JWS wants (RFC 7518 §3.4: fixed length).
    ///
    /// # Errors
    /// [`Error::InvalidKey`] where the key cannot sign.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Signs with a hash, so that a test can tell what was signed.
    #[derive(Debug)]
    pub(crate) struct HashKey(pub(crate) &'static str);

    impl Sign for HashKey {
        fn algorithm(&self) -> &str {
            self.0
        }

        fn key_id(&self) -> Option<&str> {
            Some("key-1")
        }

        fn public_jwk(&self) -> Jwk {
            Jwk::octet("Ed25519", &[7; 32])
        }

        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
            Ok(Sha256::digest(message).to_vec())
        }
    }

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn thumbprint_of_an_rsa_key_matches_rfc_7638() {
        let modulus = bytes(concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF",
            "V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9",
            "c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1",
            "jF44-csFCur-kEgU8awapJzKnqDKgw",
        ));
        let thumbprint = Jwk::rsa(&modulus, &bytes("AQAB")).thumbprint();
        assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn thumbprint_of_an_elliptic_key_matches_rfc_9449() {
        let key = Jwk::elliptic(
            "P-256",
            &bytes("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"),
            &bytes("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"),
        );
        assert_eq!(key.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn json_has_no_blanks_and_members_in_order() {
        let json = Jwk::octet("Ed25519", &[0; 3]).to_json();
        assert_eq!(json, r#"{"crv":"Ed25519","kty":"OKP","x":"AAAA"}"#);
    }
}
