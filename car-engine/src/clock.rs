//! The time, passed in so that rules are tested without waiting.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the time of day, for records.
    fn now(&self) -> SystemTime;

    /// Returns the time since some fixed moment; it never goes back.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the rim that reads the clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
