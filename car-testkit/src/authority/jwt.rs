//! JSON web tokens on the curve P-256 (RFC 7515, 7517, 7518 §3.4): signing ours, checking those of clients.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// One coordinate of a point on the curve, in bytes.
const COORDINATE: usize = 32;

/// A private key to sign with: the server's own, or that of a client in a test.
#[derive(Debug)]
pub struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl SigningKey {
    /// Makes a fresh key.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn generate() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .expect("the system has randomness");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .expect("what was just made can be read");
        Self { pair, random }
    }

    /// Returns the public half as a JWK.
    pub fn jwk(&self) -> Value {
        // 4, then the two coordinates: the uncompressed form of SEC 1 §2.3.3.
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(COORDINATE);
        json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
    }

    /// Signs the claims; `typ` and what else the header needs stand in `header`, and `alg` is added.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        header["alg"] = json!("ES256");
        let signed =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = self.pair.sign(&self.random, signed.as_bytes()).expect("the system has randomness");
        format!("{signed}.{}", encode(signature.as_ref()))
    }
}

/// A token taken apart; nothing in it is to be believed before [`Parts::is_signed_by`].
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) header: Value,
    pub(super) claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Parts {
    pub(super) fn read(token: &str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: serde_json::from_slice(&decode(header)?).ok()?,
            claims: serde_json::from_slice(&decode(claims)?).ok()?,
            signed: signed.to_owned(),
            signature: decode(signature)?,
        })
    }

    /// Whether the key that belongs to this JWK made the signature, with ES256.
    pub(super) fn is_signed_by(&self, jwk: &Value) -> bool {
        let coordinate = |name: &str| jwk[name].as_str().and_then(decode).filter(|x| x.len() == COORDINATE);
        let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else { return false };
        if self.header["alg"] != "ES256" || jwk["kty"] != "EC" || jwk["crv"] != "P-256" {
            return false;
        }
        let point = [&[4][..], &x, &y].concat();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        key.verify(self.signed.as_bytes(), &self.signature).is_ok()
    }
}

/// Returns the thumbprint of a P-256 key (RFC 7638).
pub(super) fn thumbprint(jwk: &Value) -> String {
    // The members in the order of their names, and no white space.
    let text = format!(r#"{{"crv":{},"kty":{},"x":{},"y":{}}}"#, jwk["crv"], jwk["kty"], jwk["x"], jwk["y"]);
    sha256(text.as_bytes())
}

/// Returns the SHA-256 digest in base64url, as PKCE and DPoP want it.
pub(super) fn sha256(bytes: &[u8]) -> String {
    encode(digest(&SHA256, bytes).as_ref())
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Returns the second of the Unix epoch.
pub(super) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("the clock is past 1970").as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn believes_only_the_key_that_signed() {
        let (key, other) = (SigningKey::generate(), SigningKey::generate());
        let token = key.sign(&json!({ "typ": "JWT" }), &json!({ "sub": "a" }));
        let parts = Parts::read(&token).unwrap();
        assert!(parts.is_signed_by(&key.jwk()));
        assert!(!parts.is_signed_by(&other.jwk()));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let forged = format!("{header}.{}.{signature}", encode(br#"{"sub":"b"}"#));
        assert!(!Parts::read(&forged).unwrap().is_signed_by(&key.jwk()));
    }

    #[test]
    fn makes_the_thumbprint_of_the_standard() {
        // The members are those of the key in RFC 7517 appendix A.1; the digest was made with openssl.
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        });
        assert_eq!(thumbprint(&jwk), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
    }
}
