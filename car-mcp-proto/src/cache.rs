//! How long a list stays fresh and who may share it.
//!
//! Source: specification 2026-07-28, "Caching" (SEP-2549).

use std::time::Duration;

use serde_json::Number;

open_enum! {
    /// Says who may share a cached result.
    pub struct CacheScope {
        /// Anyone.
        PUBLIC = "public",
        /// Only who holds the same authorization.
        PRIVATE = "private",
    }
}

/// The longest time for which a hint is believed. A server that says "for ever" is asked again after a day.
pub const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells for how long a result stays fresh after it was received.
///
/// Absent (older servers) and negative count as zero: at once stale. A result of a request that carried answers of
/// an earlier round is never cached, whatever the hint says: that is the caller's to know.
pub fn time_to_live(ttl_ms: Option<&Number>) -> Duration {
    let millis = ttl_ms.and_then(Number::as_f64).unwrap_or(0.0);
    if millis <= 0.0 {
        return Duration::ZERO;
    }
    Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(MAX_TTL).min(MAX_TTL)
}

/// Tells whether a result may serve a request that is made under an authorization.
///
/// `private`, and a scope that is absent or unknown, bind it to the authorization under which it was fetched.
pub fn may_share(scope: Option<&CacheScope>, same_authorization: bool) -> bool {
    same_authorization || scope == Some(&CacheScope::PUBLIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_negative_and_zero_are_stale() {
        assert_eq!(time_to_live(None), Duration::ZERO);
        for number in [Number::from(0), Number::from(-5), Number::from_f64(-0.5).unwrap()] {
            assert_eq!(time_to_live(Some(&number)), Duration::ZERO, "{number}");
        }
    }

    #[test]
    fn takes_milliseconds_up_to_a_day() {
        assert_eq!(time_to_live(Some(&Number::from(1500))), Duration::from_millis(1500));
        assert_eq!(time_to_live(Some(&Number::from(u64::MAX))), MAX_TTL);
    }

    #[test]
    fn only_public_results_cross_authorizations() {
        assert!(may_share(Some(&CacheScope::PUBLIC), false));
        assert!(!may_share(Some(&CacheScope::PRIVATE), false));
        assert!(!may_share(Some(&"shared".into()), false));
        assert!(!may_share(None, false));
        assert!(may_share(None, true));
    }
}
