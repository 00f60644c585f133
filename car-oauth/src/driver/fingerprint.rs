//! A token's name for other processes, which must not see the token itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::Digest as _;

use crate::secret::Secret;

/// Names a token without telling it: a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    pub(super) fn of(token: &Secret) -> Self {
        let hash = sha2::Sha256::digest(token.expose().as_bytes());
        Self(URL_SAFE_NO_PAD.encode(hash))
    }

    /// Takes the text of a fingerprint.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
