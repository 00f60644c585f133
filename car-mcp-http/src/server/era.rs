//! Decides in which era a POST is answered: by what it says of itself, not by its method.
//!
//! Source: specification 2026-07-28, "Versioning", section "Backward compatibility".

use car_mcp::proto::Era;
use car_mcp::proto::header::PROTOCOL_VERSION;
use car_mcp::proto::version::era_of;
use http::{HeaderMap, HeaderName};

/// Names a legacy session.
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Names a revision.
const VERSION: HeaderName = HeaderName::from_static(PROTOCOL_VERSION);

/// Returns the era of a message. `has_meta` tells whether it names its revision in `_meta`, as only modern requests do.
pub(super) fn era(headers: &HeaderMap, has_meta: bool) -> Era {
    if has_meta {
        return Era::Modern;
    }
    if headers.contains_key(&SESSION) {
        return Era::Legacy;
    }
    match headers.get(&VERSION) {
        // Revisions before 2025-06-18 have no such header.
        None => Era::Legacy,
        // What is no revision at all is refused by the checks of the modern era, which say what would be one.
        Some(version) => version.to_str().ok().and_then(era_of).unwrap_or(Era::Modern),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_message_is_of_the_era_that_it_says() {
        let old = "2025-11-25";
        let new = "2026-07-28";
        for (session, version, has_meta, expected) in [
            (None, None, true, Era::Modern),
            (None, Some(new), true, Era::Modern),
            (None, Some(old), true, Era::Modern),
            (Some("a"), Some(old), true, Era::Modern),
            (Some("a"), Some(new), false, Era::Legacy),
            (Some("a"), Some(old), false, Era::Legacy),
            (Some("a"), None, false, Era::Legacy),
            (None, None, false, Era::Legacy),
            (None, Some(old), false, Era::Legacy),
            (None, Some("2025-01-01"), false, Era::Legacy),
            (None, Some(new), false, Era::Modern),
            (None, Some("2027-01-01"), false, Era::Modern),
            (None, Some("v999.0.0"), false, Era::Modern),
            (None, Some(""), false, Era::Modern),
        ] {
            let pairs = [(SESSION, session), (VERSION, version)];
            let headers = pairs
                .into_iter()
                .filter_map(|(name, value)| Some((name, HeaderValue::from_static(value?))))
                .collect();
            assert_eq!(era(&headers, has_meta), expected, "{session:?} {version:?} {has_meta}");
        }
    }
}
