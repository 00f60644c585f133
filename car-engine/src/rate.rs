//! Rate limits: a bucket of tokens for each tool, with the time passed in.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::RateLimit;

/// Counts the calls of tools that have a limit.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    limit: RateLimit,
    /// How many calls may be made now, with fractions.
    tokens: f64,
    filled_at: Duration,
}

impl RateLimiter {
    /// Takes one call of a tool, or says how long to wait for it. `now` only ever grows.
    pub(crate) fn take(&self, tool: &str, limit: RateLimit, now: Duration) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = Bucket { limit, tokens: f64::from(limit.calls), filled_at: now };
        let bucket = match buckets.get_mut(tool) {
            // A limit that was changed starts anew.
            Some(bucket) if bucket.limit == limit => bucket,
            _ => buckets.entry(tool.to_owned()).insert_entry(full).into_mut(),
        };
        bucket.take(now)
    }
}

impl Bucket {
    fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let most = f64::from(self.limit.calls);
        let period = self.limit.period.as_secs_f64();
        if most == 0.0 {
            return Err(Duration::MAX);
        }
        if period > 0.0 {
            let passed = now.saturating_sub(self.filled_at).as_secs_f64();
            self.tokens = (self.tokens + passed * most / period).min(most);
        } else {
            self.tokens = most;
        }
        self.filled_at = self.filled_at.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::try_from_secs_f64((1.0 - self.tokens) * period / most).unwrap_or(Duration::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_a_burst_through_then_one_at_a_time() {
        let (limiter, limit) = (RateLimiter::default(), RateLimit::new(2, Duration::from_secs(10)));
        let at = Duration::from_secs;
        assert!(limiter.take("t", limit, at(100)).is_ok());
        assert!(limiter.take("t", limit, at(100)).is_ok());
        assert_eq!(limiter.take("t", limit, at(100)), Err(at(5)));
        assert_eq!(limiter.take("t", limit, at(103)), Err(at(2)));
        assert!(limiter.take("t", limit, at(105)).is_ok());
        assert!(limiter.take("other", limit, at(105)).is_ok(), "each tool has its own bucket");
        assert!(limiter.take("t", limit, at(1_000)).is_ok());
        assert!(limiter.take("t", limit, at(1_000)).is_ok());
        assert!(limiter.take("t", limit, at(1_000)).is_err(), "a long pause saves up no more than one burst");
    }

    #[test]
    fn none_means_never() {
        let limit = RateLimit::new(0, Duration::from_secs(1));
        assert_eq!(RateLimiter::default().take("t", limit, Duration::ZERO), Err(Duration::MAX));
    }
}
