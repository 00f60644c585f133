//! How long to wait before a server that has ended is started again.

use std::time::Duration;

use tokio::time::Instant;

/// The wait after the first end.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait. A server that has run this long was started well, and the count begins anew.
const LONGEST: Duration = Duration::from_secs(10);

/// How a server's run went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) started: Instant,
    pub(crate) ended: Instant,
    /// Whether it answered anything beside the handshake.
    pub(crate) useful: bool,
    /// Whether it ended on the probe, which is how some legacy servers refuse it.
    pub(crate) refused_probe: bool,
}

/// Counts ends that came too early.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// Returns when the server may be started again.
    pub(crate) fn handle_end(&mut self, run: Run) -> Instant {
        if run.refused_probe {
            return run.ended;
        }
        if run.useful || run.ended - run.started >= LONGEST {
            self.next = FIRST;
        }
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST);
        run.ended + wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(runs: &[(u64, bool, bool)]) -> Vec<u128> {
        let mut backoff = Backoff::default();
        let started = Instant::now();
        let wait = |&(seconds, useful, refused_probe)| {
            let ended = started + Duration::from_secs(seconds);
            (backoff.handle_end(Run { started, ended, useful, refused_probe }) - ended).as_millis()
        };
        runs.iter().map(wait).collect()
    }

    #[test]
    fn waits_longer_each_time_up_to_a_limit() {
        let expected = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
        assert_eq!(waits(&[(0, false, false); 9]), expected);
    }

    #[test]
    fn begins_anew_after_a_good_run() {
        assert_eq!(waits(&[(0, false, false), (0, false, false), (10, false, false)]), [100, 200, 100]);
        assert_eq!(waits(&[(0, false, false), (0, true, false), (0, true, false)]), [100, 100, 100]);
    }

    #[test]
    fn a_refused_probe_costs_nothing() {
        assert_eq!(waits(&[(0, false, true), (0, false, false)]), [0, 100]);
    }
}
