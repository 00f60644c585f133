//! Keys to sign tokens with, and the tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use car_oauth::keys::SigningKey;
use car_oauth::sign::Sign as _;
use serde_json::{Value, json};

/// A key made by openssl for these tests, and used nowhere else.
#[derive(Clone, Copy, Debug)]
pub(super) struct TestKey {
    kid: &'static str,
    pem: &'static str,
}

pub(super) const RSA: TestKey =
    TestKey { kid: "rsa", pem: include_str!("../../../../tests/data/keys/rsa.pem") };
pub(super) const P256: TestKey =
    TestKey { kid: "p256", pem: include_str!("../../../../tests/data/keys/p256.pem") };
pub(super) const P384: TestKey =
    TestKey { kid: "p384", pem: include_str!("../../../../tests/data/keys/p384.pem") };
pub(super) const ED25519: TestKey =
    TestKey { kid: "ed25519", pem: include_str!("../../../../tests/data/keys/ed25519.pem") };

impl TestKey {
    pub(super) const fn pem(&self) -> &'static str {
        self.pem
    }

    /// Returns the public half, with its name.
    pub(super) fn jwk(&self) -> Value {
        let key = SigningKey::from_pem(self.pem, None, None).unwrap();
        let mut jwk: Value = serde_json::from_str(&key.public_jwk().to_json()).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk
    }

    /// Signs a text as the algorithm has it.
    pub(super) fn sign(&self, algorithm: &str, text: &str) -> Vec<u8> {
        let key = SigningKey::from_pem(self.pem, Some(algorithm), None).unwrap();
        key.sign(text.as_bytes()).unwrap()
    }

    /// Signs claims; the header says what is true, and then what `header` says.
    pub(super) fn token(&self, algorithm: &str, header: &Value, claims: &Value) -> String {
        let mut whole = json!({ "typ": "at+jwt", "alg": algorithm, "kid": self.kid });
        for (name, value) in header.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let text = unsigned(&whole, claims);
        join(&text, &self.sign(algorithm, &text))
    }
}

/// Returns what is signed of a token.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Returns a token with this signature.
pub(super) fn join(text: &str, signature: &[u8]) -> String {
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
