//! Signed JSON Web Tokens in compact form (RFC 7515, RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::Error;
use crate::secret::Secret;
use crate::sign::{Jwk, Sign};
use crate::time::Timestamp;

/// How long a client assertion is good, in seconds. It is used at once; the rest is for clocks that differ, and
/// servers refuse what is good for long (RFC 7523 §3 (4)).
const ASSERTION_LIFETIME: u64 = 300;

/// The header of a token (RFC 7515 §4.1): what its key says, so that the two cannot differ.
#[derive(Clone, Debug, Serialize)]
pub struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwk: Option<Jwk>,
}

impl<'a> Header<'a> {
    /// Describes a token whose key the other side knows by its identifier.
    #[must_use]
    pub fn with_key_id(typ: &'a str, key: &'a dyn Sign) -> Self {
        Self { typ, alg: key.algorithm(), kid: key.key_id(), jwk: None }
    }

    /// Describes a token that brings its public key along.
    #[must_use]
    pub fn with_public_key(typ: &'a str, key: &'a dyn Sign) -> Self {
        Self { typ, alg: key.algorithm(), kid: None, jwk: Some(key.public_jwk()) }
    }
}

/// Signs claims and returns the token in compact form (RFC 7515 §7.1).
///
/// # Errors
/// [`Error::InvalidKey`] for a key whose algorithm proves nothing (`none`) or that would share a secret (`HS…`), and
/// where the key cannot sign.
pub fn compact(header: &Header<'_>, claims: &impl Serialize, key: &dyn Sign) -> Result<Secret, Error> {
    let algorithm = key.algorithm();
    if algorithm.eq_ignore_ascii_case("none") || algorithm.starts_with("HS") || algorithm != header.alg {
        return Err(Error::InvalidKey {
            what: format!("expected an asymmetric algorithm, the same in header and key, found {algorithm}"),
        });
    }
    let mut token = part(header)?;
    token.push('.');
    token.push_str(&part(claims)?);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(Secret::new(token))
}

fn part(content: &impl Serialize) -> Result<String, Error> {
    serde_json::to_vec(content)
        .map(|json| URL_SAFE_NO_PAD.encode(json))
        .map_err(|_| Error::InvalidKey { what: "its claims cannot be written as JSON".to_owned() })
}

#[derive(Serialize)]
struct AssertionClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
}

/// Makes the assertion with which a client proves who it is (RFC 7523 §3).
///
/// The audience is the issuer, and one text rather than a list: an assertion for several servers, or for an endpoint
/// that metadata could move, is what RFC 7523's later correction takes back.
///
/// # Errors
/// As [`compact`].
pub fn client_assertion(
    client_id: &str,
    audience: &str,
    key: &dyn Sign,
    now: Timestamp,
    jti: [u8; 32],
) -> Result<Secret, Error> {
    let claims = AssertionClaims {
        iss: client_id,
        sub: client_id,
        aud: audience,
        iat: now.seconds(),
        exp: now.plus(ASSERTION_LIFETIME).seconds(),
        jti: &URL_SAFE_NO_PAD.encode(jti),
    };
    compact(&Header::with_key_id("JWT", key), &claims, key)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::sign::tests::HashKey;

    /// Takes a token of a [`HashKey`] apart, and checks its signature.
    pub(crate) fn opened(token: &Secret) -> (Value, Value) {
        let parts: Vec<_> = token.expose().split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("three parts expected") };
        let signed = Sha256::digest(format!("{header}.{claims}"));
        assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap(), signed.to_vec());
        let json = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        (json(header), json(claims))
    }

    #[test]
    fn an_assertion_names_the_client_twice_and_the_issuer_once() {
        let now = Timestamp::from_seconds(1000);
        let token = client_assertion("me", "https://as.example", &HashKey("EdDSA"), now, [1; 32]).unwrap();
        let (header, claims) = opened(&token);
        assert_eq!(header, json!({ "typ": "JWT", "alg": "EdDSA", "kid": "key-1" }));
        let jti = URL_SAFE_NO_PAD.encode([1; 32]);
        let expected = json!({
            "iss": "me", "sub": "me", "aud": "https://as.example", "iat": 1000, "exp": 1300, "jti": jti,
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn refuses_to_sign_with_what_proves_nothing() {
        for algorithm in ["none", "None", "HS256"] {
            let key = HashKey(algorithm);
            let refused = compact(&Header::with_key_id("JWT", &key), &json!({}), &key);
            assert!(matches!(refused, Err(Error::InvalidKey { .. })), "{algorithm}");
        }
    }

    #[test]
    fn refuses_a_header_of_another_key() {
        let refused = compact(&Header::with_key_id("JWT", &HashKey("RS256")), &json!({}), &HashKey("ES256"));
        assert!(matches!(refused, Err(Error::InvalidKey { .. })));
    }
}
