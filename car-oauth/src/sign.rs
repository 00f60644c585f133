//! The seam for keys: the core says what is signed, not with what.

use crate::Error;

/// A public key as JSON (RFC 7517), with the members that its thumbprint is made of (RFC 7638 §3.2) and no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk(pub(crate) Vec<(&'static str, String)>);

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
