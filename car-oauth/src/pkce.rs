//! Proof key for code exchange, S256 only (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// Proof that the authorization server offers S256: without one there is no authorization request.
#[derive(Clone, Copy, Debug)]
pub struct S256(());

impl S256 {
    pub(crate) const fn proven() -> Self {
        Self(())
    }
}

/// The secret half of the proof key: 43 characters (RFC 7636 §4.1).
#[derive(Clone, Debug)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// Makes a verifier of 256 random bits.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(random)))
    }

    /// Returns the public half: the hash of the verifier (RFC 7636 §4.2).
    #[must_use]
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.expose()))
    }

    /// Returns the verifier, to be sent to the token endpoint.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    const RANDOM: [u8; 32] = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
        214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];

    #[test]
    fn matches_the_example_of_the_rfc() {
        let verifier = CodeVerifier::from_random(RANDOM);
        assert_eq!(verifier.expose(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(verifier.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn hides_the_verifier_in_debug_output() {
        assert_eq!(format!("{:?}", CodeVerifier::from_random(RANDOM)), "CodeVerifier([redacted])");
    }
}
