//! The revisions of the protocol and the two eras they fall into.
//!
//! Source: specification 2026-07-28, "Versioning", section "Terminology".

use std::fmt;

/// Tells how a revision carries its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification knows two eras; a third would be another protocol"
)]
pub enum Era {
    /// `initialize` handshake, sessions, requests in both directions: 2025-11-25 and earlier.
    Legacy,
    /// Stateless, every request carries its own `_meta`: 2026-07-28 and later.
    Modern,
}

/// Names a revision of the protocol that this crate speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProtocolVersion {
    /// HTTP+SSE pair, `initialize` handshake.
    V2024_11_05,
    /// Streamable HTTP, batches, tool annotations.
    V2025_03_26,
    /// Structured output, elicitation, the version header; no batches.
    V2025_06_18,
    /// URL elicitation, sampling with tools, priming events and polling.
    V2025_11_25,
    /// Stateless: discovery, subscriptions, multi-round-trip results, cache hints.
    V2026_07_28,
}

impl ProtocolVersion {
    /// Every revision, newest first.
    pub const ALL: [Self; 5] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// The modern revisions, in the order in which a client prefers them.
    pub const MODERN: [Self; 1] = [Self::V2026_07_28];

    /// The legacy revisions, in the order in which a client prefers them.
    pub const LEGACY: [Self; 4] =
        [Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// Returns the revision as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Reads a revision, or returns nothing for one that this crate does not speak.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// Returns the era.
    pub const fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Tells the era of a revision that may be one this crate does not speak.
///
/// Revisions are dates, so text order is time order; anything that is not a date is nothing we can place.
pub fn era_of(text: &str) -> Option<Era> {
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    is_date.then(|| match text >= ProtocolVersion::V2026_07_28.as_str() {
        true => Era::Modern,
        false => Era::Legacy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_reads_back() {
        for version in ProtocolVersion::ALL {
            assert_eq!(ProtocolVersion::from_wire(version.as_str()), Some(version));
            assert_eq!(era_of(version.as_str()), Some(version.era()));
        }
    }

    #[test]
    fn places_unknown_dates_and_nothing_else() {
        assert_eq!(era_of("2027-01-01"), Some(Era::Modern));
        assert_eq!(era_of("2025-12-31"), Some(Era::Legacy));
        for text in ["", "draft", "2026-7-28", "2026-07-28 ", "v999.0.0"] {
            assert_eq!(era_of(text), None, "{text}");
        }
    }
}
