//! What happens on one connection, and since when nothing does: one timer watches for all that may take too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Stands for "not at all" among points in time.
const NEVER: u64 = u64::MAX;

/// The activity of one connection. The connection's own task reads it; what happens writes it.
#[derive(Debug)]
pub(super) struct Activity {
    /// When the connection began; other points in time are milliseconds after it.
    begun: Instant,
    /// How many requests have not been answered to their end.
    requests: AtomicU32,
    /// When the last of them ended.
    quiet_since: AtomicU64,
    /// When the client stopped taking what is written to it.
    blocked_since: AtomicU64,
    idle: Duration,
    write_stall: Duration,
}

/// What is to be done about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before then.
    LookAgainAt(Instant),
    /// There was no request for too long.
    Idle,
    /// The client took nothing for too long.
    Stalled,
}

/// One request, until its answer has been handed over to its end.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    pub(super) fn begin(idle: Duration, write_stall: Duration) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            requests: AtomicU32::new(0),
            quiet_since: AtomicU64::new(0),
            blocked_since: AtomicU64::new(NEVER),
            idle,
            write_stall,
        })
    }

    /// Notes that a request has come.
    pub(super) fn request(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Notes that the client took something.
    pub(super) fn writes(&self) {
        if self.blocked_since.load(Ordering::Relaxed) != NEVER {
            self.blocked_since.store(NEVER, Ordering::Relaxed);
            // The end of an answer may be written long after its request has ended.
            self.quiet_since.store(self.elapsed(Instant::now()), Ordering::Relaxed);
        }
    }

    /// Notes that the client takes nothing at the moment.
    pub(super) fn blocks(&self) {
        if self.blocked_since.load(Ordering::Relaxed) == NEVER {
            self.blocked_since.store(self.elapsed(Instant::now()), Ordering::Relaxed);
        }
    }

    /// Returns when the connection has to be looked at, at the latest. Costs no look at the clock.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due_for().map(|(due, _)| due)
    }

    pub(super) fn verdict(&self, now: Instant) -> Verdict {
        match self.due_for() {
            Some((due, _)) if due > now => Verdict::LookAgainAt(due),
            Some((_, verdict)) => verdict,
            // Nobody may wake the connection's task when its last request ends, so it is looked at in any case.
            None => Verdict::LookAgainAt(now + self.idle.min(self.write_stall)),
        }
    }

    fn due_for(&self) -> Option<(Instant, Verdict)> {
        let blocked = self.blocked_since.load(Ordering::Relaxed);
        if blocked != NEVER {
            return Some((self.at(blocked) + self.write_stall, Verdict::Stalled));
        }
        let is_quiet = self.requests.load(Ordering::Relaxed) == 0;
        is_quiet.then(|| (self.at(self.quiet_since.load(Ordering::Relaxed)) + self.idle, Verdict::Idle))
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.begun + Duration::from_millis(milliseconds)
    }

    fn elapsed(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.begun).as_millis()).unwrap_or(NEVER - 1)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let activity = &self.0;
        if activity.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            activity.quiet_since.store(activity.elapsed(Instant::now()), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Duration = Duration::from_secs(30);
    const STALL: Duration = Duration::from_secs(60);

    fn after(activity: &Activity, seconds: u64) -> Verdict {
        activity.verdict(activity.begun + Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_is_idle_from_its_beginning() {
        let activity = Activity::begin(IDLE, STALL);
        assert_eq!(after(&activity, 29), Verdict::LookAgainAt(activity.begun + IDLE));
        assert_eq!(after(&activity, 30), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_idle_again_once_the_last_request_has_ended() {
        let activity = Activity::begin(IDLE, STALL);
        let (first, second) = (activity.request(), activity.request());
        tokio::time::advance(Duration::from_secs(100)).await;
        drop(first);
        assert!(matches!(after(&activity, 1000), Verdict::LookAgainAt(_)));
        tokio::time::advance(Duration::from_secs(100)).await;
        drop(second);
        assert!(matches!(after(&activity, 229), Verdict::LookAgainAt(_)));
        assert_eq!(after(&activity, 230), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_stalls_and_one_that_takes_a_little_does_not() {
        let activity = Activity::begin(IDLE, STALL);
        let _busy = activity.request();
        activity.blocks();
        tokio::time::advance(Duration::from_secs(40)).await;
        activity.blocks();
        assert_eq!(after(&activity, 60), Verdict::Stalled);
        activity.writes();
        activity.blocks();
        assert!(matches!(after(&activity, 60), Verdict::LookAgainAt(_)));
        assert_eq!(after(&activity, 100), Verdict::Stalled);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_answer_is_still_being_taken_is_not_idle() {
        let activity = Activity::begin(IDLE, STALL);
        drop(activity.request());
        activity.blocks();
        assert!(matches!(after(&activity, 31), Verdict::LookAgainAt(_)));
        tokio::time::advance(Duration::from_secs(50)).await;
        activity.writes();
        assert!(matches!(after(&activity, 79), Verdict::LookAgainAt(_)));
        assert_eq!(after(&activity, 80), Verdict::Idle);
    }
}
