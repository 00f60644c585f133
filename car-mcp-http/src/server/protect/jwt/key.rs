//! Public keys as an issuer publishes them (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::algorithm::{Algorithm, KeyKind};

/// How many keys of a set are looked at. Issuers publish the key in use, the one before and the one after.
const MAX_KEYS: usize = 100;
/// RSA keys below are within reach of an attacker with means (NIST SP 800-131A); RFC 7518 §3.3 refuses them too.
const MIN_RSA_BITS: usize = 2048;
/// RSA keys above cost more to use than a request is worth.
const MAX_RSA_BITS: usize = 8192;

/// A key that signatures can be checked with.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: Option<Box<str>>,
    /// The one algorithm that the key may be used with, where it says so.
    algorithm: Option<Algorithm>,
    kind: KeyKind,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    /// A point of a curve, as its algorithm takes it.
    Point(Vec<u8>),
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
}

/// The members of a key that matter here. A member of the wrong type costs the key.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<Box<str>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

#[derive(Deserialize)]
struct JwkSet<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

/// Reads a set of keys (RFC 7517 §5) and returns those that can be used; nothing where it is no set.
pub(super) fn read_set(text: &[u8]) -> Option<Vec<Key>> {
    let set: JwkSet<'_> = serde_json::from_slice(text).ok()?;
    let read = |text: &&RawValue| serde_json::from_str::<Jwk>(text.get()).ok().and_then(|jwk| Key::new(&jwk));
    Some(set.keys.iter().take(MAX_KEYS).filter_map(read).collect())
}

impl Key {
    fn new(jwk: &Jwk) -> Option<Self> {
        let verifies = |operations: &Vec<String>| operations.iter().any(|operation| operation == "verify");
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig")
            || !jwk.key_ops.as_ref().is_none_or(verifies)
        {
            return None;
        }
        let (kind, material) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (KeyKind::Rsa, rsa(jwk)?),
            ("EC", Some("P-256")) => (KeyKind::P256, point(jwk, 32)?),
            ("EC", Some("P-384")) => (KeyKind::P384, point(jwk, 48)?),
            ("OKP", Some("Ed25519")) => {
                (KeyKind::Ed25519, Material::Point(coordinate(jwk.x.as_deref(), 32)?))
            }
            _ => return None,
        };
        // A key for an algorithm that does not exist here, or that is not of its own kind, is for something else.
        let algorithm = match &jwk.alg {
            Some(name) => Some(Algorithm::of_name(name).filter(|algorithm| algorithm.key_kind() == kind)?),
            None => None,
        };
        Some(Self { id: jwk.kid.clone(), algorithm, kind, material })
    }

    /// Whether a token with this `kid` and this algorithm may have been signed with the key. A token without `kid` may
    /// have been signed with any.
    pub(super) fn fits(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        kid.is_none_or(|kid| self.id.as_deref() == Some(kid))
            && self.kind == algorithm.key_kind()
            && self.algorithm.is_none_or(|own| own == algorithm)
    }

    /// Whether the key made this signature.
    pub(super) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Point(point) => algorithm.of_point().is_some_and(|algorithm| {
                UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
            }),
            Material::Rsa { modulus, exponent } => algorithm.rsa().is_some_and(|algorithm| {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(algorithm, message, signature).is_ok()
            }),
        }
    }
}

fn decode(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

fn coordinate(text: Option<&str>, length: usize) -> Option<Vec<u8>> {
    decode(text).filter(|bytes| bytes.len() == length)
}

/// The uncompressed form of SEC 1 §2.3.3: 4, then the two coordinates.
fn point(jwk: &Jwk, length: usize) -> Option<Material> {
    let mut point = vec![4];
    point.extend(coordinate(jwk.x.as_deref(), length)?);
    point.extend(coordinate(jwk.y.as_deref(), length)?);
    Some(Material::Point(point))
}

fn rsa(jwk: &Jwk) -> Option<Material> {
    // RFC 7518 §2 wants no zeros in front; some issuers write them all the same.
    let number = |text: Option<&str>| {
        let bytes = decode(text)?;
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(bytes[zeros..].to_vec())
    };
    let (modulus, exponent) = (number(jwk.n.as_deref())?, number(jwk.e.as_deref())?);
    let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
    (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits).then_some(Material::Rsa { modulus, exponent })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::server::protect::jwt::fixtures::{P256, RSA};

    fn read(jwks: &Value) -> usize {
        read_set(jwks.to_string().as_bytes()).unwrap().len()
    }

    fn with(mut jwk: Value, name: &str, value: Value) -> Value {
        jwk[name] = value;
        json!({ "keys": [jwk] })
    }

    #[test]
    fn a_key_that_cannot_be_used_costs_itself_and_no_other() {
        let odd = [
            json!(1),
            json!({}),
            json!({ "kty": "oct", "k": "AAAA" }),
            json!({ "kty": "EC", "crv": "P-521" }),
        ];
        for key in odd {
            assert_eq!(read(&json!({ "keys": [key, RSA.jwk()] })), 1);
        }
        for text in ["", "[]", "{}", "<html></html>", "{\"keys\":{}}"] {
            assert!(read_set(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_for_another_use_is_not_used() {
        assert_eq!(read(&with(RSA.jwk(), "use", json!("sig"))), 1);
        assert_eq!(read(&with(RSA.jwk(), "use", json!("enc"))), 0);
        assert_eq!(read(&with(RSA.jwk(), "key_ops", json!(["verify"]))), 1);
        assert_eq!(read(&with(RSA.jwk(), "key_ops", json!(["wrapKey"]))), 0);
        assert_eq!(read(&with(RSA.jwk(), "alg", json!("RS256"))), 1);
        for algorithm in ["RSA-OAEP", "ES256", "HS256", "none"] {
            assert_eq!(read(&with(RSA.jwk(), "alg", json!(algorithm))), 0, "{algorithm}");
        }
    }

    #[test]
    fn an_rsa_key_has_at_least_2048_bits_and_not_too_many() {
        let modulus = |bits: usize| URL_SAFE_NO_PAD.encode(vec![0xc1; bits / 8]);
        for (bits, fits) in [(1024, 0), (2040, 0), (2048, 1), (8192, 1), (8200, 0)] {
            assert_eq!(read(&with(RSA.jwk(), "n", json!(modulus(bits)))), fits, "{bits}");
        }
        assert_eq!(read(&with(RSA.jwk(), "n", json!(""))), 0);
    }

    #[test]
    fn a_point_has_the_size_of_its_curve() {
        for text in ["", "AA", "!", &URL_SAFE_NO_PAD.encode([1; 33])] {
            assert_eq!(read(&with(P256.jwk(), "x", json!(text))), 0, "{text}");
        }
    }

    #[test]
    fn a_key_is_for_its_kind_and_the_algorithm_that_it_names() {
        let keys = |jwks: &Value| read_set(jwks.to_string().as_bytes()).unwrap();
        let [any] = &keys(&json!({ "keys": [RSA.jwk()] }))[..] else { panic!("one key expected") };
        let [bound] = &keys(&with(RSA.jwk(), "alg", json!("RS256")))[..] else { panic!("one key expected") };
        for algorithm in Algorithm::ALL {
            assert_eq!(any.fits(None, algorithm), algorithm.rsa().is_some(), "{algorithm:?}");
            assert_eq!(bound.fits(None, algorithm), algorithm == Algorithm::Rs256, "{algorithm:?}");
        }
        assert!(any.fits(Some("rsa"), Algorithm::Rs256));
        assert!(!any.fits(Some("other"), Algorithm::Rs256));
    }

    #[test]
    fn looks_at_so_many_keys_and_no_more() {
        let keys = vec![P256.jwk(); MAX_KEYS + 5];
        assert_eq!(read(&json!({ "keys": keys })), MAX_KEYS);
    }
}
