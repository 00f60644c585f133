//! How long a server that failed is left alone.

use crate::time::Timestamp;

/// How long to leave a server alone after it failed: one second at first, twice as long each time, ten at most, so that
/// a call is not refused long after the server is back.
const LONGEST_BACKOFF: u64 = 10;

/// How long a failing server is left alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Timestamp,
}

impl Backoff {
    pub(super) fn fail(&mut self, now: Timestamp) {
        let pause = 1_u64.checked_shl(self.failures).unwrap_or(LONGEST_BACKOFF).min(LONGEST_BACKOFF);
        self.failures = self.failures.saturating_add(1);
        self.until = now.plus(pause);
    }

    pub(super) fn left(&self, now: Timestamp) -> u64 {
        self.until.since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_ten_seconds_and_no_further() {
        let (mut backoff, mut now) = (Backoff::default(), Timestamp::from_seconds(1_000));
        let mut pauses = Vec::new();
        for _ in 0..70 {
            backoff.fail(now);
            pauses.push(backoff.left(now));
            now = now.plus(backoff.left(now));
            assert_eq!(backoff.left(now), 0);
        }
        assert_eq!(pauses[..6], [1, 2, 4, 8, 10, 10]);
        assert!(pauses[6..].iter().all(|pause| *pause == 10), "{pauses:?}");
    }
}
