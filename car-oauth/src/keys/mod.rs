//! Keys that sign, on ring.

mod document;
mod pem;

use std::fmt;

use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};

use crate::Error;
use crate::keys::document::{Document, Kind};
use crate::secret::Secret;
use crate::sign::{Jwk, Sign};

/// A private key that signs by one algorithm. It can be read only as a whole, to be stored.
pub struct SigningKey {
    pair: Pair,
    algorithm: &'static str,
    key_id: Option<String>,
    document: Document,
    random: SystemRandom,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl SigningKey {
    /// Makes a new key for ES256.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] where the system gives no random numbers.
    pub fn generate_es256() -> Result<Self, Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| invalid("the system gives no random numbers"))?;
        Self::from_document(Document::new(document.as_ref().to_vec()), None, None)
    }

    /// Reads a key in PEM: PKCS#8 (P-256, P-384, Ed25519, RSA), or the older forms of elliptic and RSA keys.
    ///
    /// `algorithm` is a JOSE name (RFC 7518 §3.1). Without one it is ES256, ES384, EdDSA or RS256, by the key.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] says what was expected, and by which command the key is brought into form.
    pub fn from_pem(pem: &str, algorithm: Option<&str>, key_id: Option<String>) -> Result<Self, Error> {
        Self::from_document(pem::read(pem)?, algorithm, key_id)
    }

    /// Returns the key in PEM, as [`from_pem`](Self::from_pem) reads it.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Secret {
        pem::write(&self.document)
    }

    fn from_document(
        document: Document,
        wanted: Option<&str>,
        key_id: Option<String>,
    ) -> Result<Self, Error> {
        let Some(kind) = document.kind() else {
            return Err(invalid("expected a P-256, P-384, Ed25519 or RSA key, found another kind"));
        };
        let algorithm = algorithm(kind, wanted)?;
        let random = SystemRandom::new();
        let pair = match kind {
            Kind::P256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.bytes(), &random)
                    .map(Pair::Ecdsa)
            }
            Kind::P384 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, document.bytes(), &random)
                    .map(Pair::Ecdsa)
            }
            // Unchecked means that the public half may be absent, as it mostly is; a present one is compared.
            Kind::Ed25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(document.bytes()).map(Pair::Ed25519),
            Kind::Rsa => {
                RsaKeyPair::from_pkcs8(document.bytes()).map(|pair| Pair::Rsa(pair, rsa_encoding(algorithm)))
            }
        };
        let pair = pair.map_err(|rejected| match kind {
            Kind::P256 | Kind::P384 => invalid(format!(
                "it is damaged or lacks its public half ({rejected}), which `openssl ec -in KEY -out NEW` adds"
            )),
            Kind::Ed25519 => invalid(format!("it is damaged ({rejected})")),
            Kind::Rsa => invalid(format!("it is damaged, or not of 2048 to 4096 bits ({rejected})")),
        })?;
        Ok(Self { pair, algorithm, key_id, document, random })
    }
}

/// Returns the algorithms of a kind of key, the usual one first.
const fn algorithms(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::P256 => &["ES256"],
        Kind::P384 => &["ES384"],
        // RFC 8037 gave the first name, RFC 9864 the second.
        Kind::Ed25519 => &["EdDSA", "Ed25519"],
        Kind::Rsa => &["RS256", "PS256", "RS384", "PS384", "RS512", "PS512"],
    }
}

fn algorithm(kind: Kind, wanted: Option<&str>) -> Result<&'static str, Error> {
    let known = algorithms(kind);
    let Some(wanted) = wanted else { return Ok(known[0]) };
    known.iter().find(|name| **name == wanted).copied().ok_or_else(|| {
        invalid(format!("expected a key for {wanted}, found one of kind {kind} for {}", known.join(", ")))
    })
}

fn rsa_encoding(algorithm: &str) -> &'static dyn RsaEncoding {
    match algorithm {
        "PS256" => &RSA_PSS_SHA256,
        "RS384" => &RSA_PKCS1_SHA384,
        "PS384" => &RSA_PSS_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        "PS512" => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}

fn invalid(what: impl Into<String>) -> Error {
    Error::InvalidKey { what: what.into() }
}

impl Sign for SigningKey {
    fn algorithm(&self) -> &str {
        self.algorithm
    }

    fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    fn public_jwk(&self) -> Jwk {
        match &self.pair {
            Pair::Ecdsa(pair) => {
                // The uncompressed form: a tag and two coordinates of the same length (SEC 1 §2.3.3).
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                Jwk::elliptic(if x.len() == 32 { "P-256" } else { "P-384" }, x, y)
            }
            Pair::Ed25519(pair) => Jwk::octet("Ed25519", pair.public_key().as_ref()),
            Pair::Rsa(pair, _) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                Jwk::rsa(&n, &e)
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| invalid("it could not sign");
        match &self.pair {
            Pair::Ecdsa(pair) => {
                pair.sign(&self.random, message).map(|signature| signature.as_ref().to_vec()).map_err(failed)
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &self.random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
