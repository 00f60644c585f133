//! Proof key for code exchange, S256 only (RFC 7636).

/// Proof that the authorization server offers S256: without one there is no authorization request.
#[derive(Clone, Copy, Debug)]
pub struct S256(());

impl S256 {
    pub(crate) const fn proven() -> Self {
        Self(())
    }
}
