//! A private key in PKCS#8 (RFC 5958), made from the older forms where need be.

use std::fmt;

use zeroize::Zeroizing;

/// The kinds of keys that we sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    P256,
    P384,
    Ed25519,
    Rsa,
}

impl Kind {
    /// The content of the `AlgorithmIdentifier` (RFC 5480 §2.1, RFC 8410 §3, RFC 3279 §2.3.1).
    const fn identifier(self) -> &'static [u8] {
        match self {
            Self::P256 => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
            Self::P384 => b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
            Self::Ed25519 => b"\x06\x03\x2b\x65\x70",
            Self::Rsa => b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA",
        })
    }
}

/// A private key in PKCS#8, cleared on drop.
pub(super) struct Document(Zeroizing<Vec<u8>>);

impl Document {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Wraps a key of the form `EC PRIVATE KEY` (RFC 5915 §3); nothing where it does not name a curve that we know.
    pub(super) fn from_elliptic(key: &[u8]) -> Option<Self> {
        let names = |kind: Kind| {
            // Behind the first object identifier, which says only that it is an elliptic key.
            let curve = &kind.identifier()[9..];
            key.windows(curve.len()).any(|window| window == curve)
        };
        let kind = [Kind::P256, Kind::P384].into_iter().find(|kind| names(*kind))?;
        Some(Self::wrapped(kind, key))
    }

    /// Wraps a key of the form `RSA PRIVATE KEY` (RFC 8017, appendix A.1.2).
    pub(super) fn from_rsa(key: &[u8]) -> Self {
        Self::wrapped(Kind::Rsa, key)
    }

    fn wrapped(kind: Kind, key: &[u8]) -> Self {
        const VERSION: &[u8] = b"\x02\x01\x00";
        let identifier = element(0x30, &[kind.identifier()]);
        let key = element(0x04, &[key]);
        Self(element(0x30, &[VERSION, &identifier, &key]))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the kind of the key. Its identifier follows after the outer header and the version, and only there.
    pub(super) fn kind(&self) -> Option<Kind> {
        let kinds = [Kind::P256, Kind::P384, Kind::Ed25519, Kind::Rsa];
        let (_, content) = opened(&self.0)?;
        let (version, rest) = content.split_at_checked(3)?;
        let (tag, identifier) = opened(rest)?;
        let is_sequence = version.starts_with(b"\x02\x01") && tag == 0x30;
        kinds.into_iter().find(|kind| is_sequence && identifier.starts_with(kind.identifier()))
    }
}

/// Makes an element of DER (X.690 §8.1) of at most 65535 bytes, which no key of ours reaches.
fn element(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 4));
    bytes.push(tag);
    let [.., high, low] = length.to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => bytes.push(low),
        (0, _) => bytes.extend([0x81, low]),
        _ => bytes.extend([0x82, high, low]),
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Returns the tag of the first element of DER, and all that follows its length.
fn opened(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let more = if length < 0x80 { 0 } else { usize::from(length & 0x7f) };
    Some((tag, rest.get(more..)?))
}
