//! The deadline of one call: progress moves it, questions to the user stop it, a ceiling ends it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Instant, sleep_until};

use crate::error::Error;

/// Holds when a call is to be given up.
#[derive(Debug)]
pub(crate) struct Deadline<'a> {
    timeout: Duration,
    ceiling: Duration,
    latest: Instant,
    state: Mutex<State>,
    /// Stops the clocks of all calls of a session.
    standing: Option<&'a Standing>,
}

/// Stops the clocks of all calls of a session: while somebody thinks about a question that names no call, any of them
/// may be waiting for the answer.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// Whether there was such a question at all. Most sessions have none, and pay no lock for it.
    was_used: AtomicBool,
    state: Mutex<Stood>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Stood {
    open: u32,
    /// When the clocks were started again.
    until: Option<Instant>,
}

impl Standing {
    /// Stops the clocks until the guard is dropped.
    pub(crate) fn pause(&self) -> Stopped<'_> {
        self.was_used.store(true, Ordering::Release);
        self.lock().open += 1;
        Stopped(self)
    }

    fn stood(&self) -> Stood {
        if self.was_used.load(Ordering::Acquire) { *self.lock() } else { Stood::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Stood> {
        self.state.lock().expect("nothing panics while it holds the clocks")
    }
}

/// Keeps all clocks of a session stopped.
pub(crate) struct Stopped<'a>(&'a Standing);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        let mut stood = self.0.lock();
        stood.open -= 1;
        stood.until = Some(Instant::now());
    }
}

#[derive(Debug)]
struct State {
    next: Instant,
    /// How many questions to the user are open: the server is not at fault while they are.
    paused: u32,
}

impl<'a> Deadline<'a> {
    /// Starts the clock.
    pub(crate) fn start(timeout: Duration, ceiling: Duration) -> Self {
        let now = Instant::now();
        Self {
            timeout,
            ceiling,
            latest: later(now, ceiling),
            state: Mutex::new(State { next: later(now, timeout), paused: 0 }),
            standing: None,
        }
    }

    /// As one of a session's calls.
    pub(crate) const fn of_session(mut self, standing: &'a Standing) -> Self {
        self.standing = Some(standing);
        self
    }

    /// Moves the deadline: the server has shown that it works.
    pub(crate) fn extend(&self) {
        self.state().next = later(Instant::now(), self.timeout);
    }

    /// Stops the clock until the guard is dropped.
    pub(crate) fn pause(&self) -> Paused<'_> {
        self.state().paused += 1;
        Paused(self)
    }

    /// Runs a future to its end, or until the deadline.
    pub(crate) async fn run<T>(
        &self,
        method: &str,
        future: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut future = pin!(future);
        let mut sleep = pin!(sleep_until(self.wake_at()));
        std::future::poll_fn(|context| {
            loop {
                if let Poll::Ready(result) = future.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                // Work that always has something to do uses up the task's budget, without which a timer says that its
                // time has not come: a server that never stops talking would be listened to for ever.
                if Pin::new(&mut coop::unconstrained(sleep.as_mut())).poll(context).is_pending() {
                    return Poll::Pending;
                }
                // The timer was set for an earlier deadline; look at the one that holds now.
                if let Some(error) = self.passed(method) {
                    return Poll::Ready(Err(error));
                }
                sleep.as_mut().reset(self.wake_at());
            }
        })
        .await
    }

    fn passed(&self, method: &str) -> Option<Error> {
        let now = Instant::now();
        let ceiling = now >= self.latest;
        let late = self.next().is_some_and(|next| now >= next);
        (ceiling || late).then(|| Error::TimedOut {
            method: method.to_owned(),
            after: if ceiling { self.ceiling } else { self.timeout },
            ceiling,
        })
    }

    fn wake_at(&self) -> Instant {
        // While the clock stands there is only the ceiling; look again after a full timeout.
        self.next().unwrap_or_else(|| later(Instant::now(), self.timeout)).min(self.latest)
    }

    /// Returns when the call is late; nothing while the clock stands.
    fn next(&self) -> Option<Instant> {
        let stood = self.standing.map(Standing::stood).unwrap_or_default();
        let state = self.state();
        if state.paused > 0 || stood.open > 0 {
            return None;
        }
        Some(stood.until.map_or(state.next, |until| state.next.max(later(until, self.timeout))))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the deadline")
    }
}

/// Keeps the clock stopped.
pub(crate) struct Paused<'a>(&'a Deadline<'a>);

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.0.state().paused -= 1;
        self.0.extend();
    }
}

/// Adds a duration that may be larger than a clock can hold: some thirty years are as good as never.
fn later(now: Instant, duration: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    now + duration.min(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn after(seconds: u64) -> Result<u64, Error> {
        tokio::time::sleep(SECOND * u32::try_from(seconds).unwrap()).await;
        Ok(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_without_progress() {
        let deadline = Deadline::start(SECOND * 5, SECOND * 60);
        assert!(matches!(deadline.run("m", after(4)).await, Ok(4)));
        let deadline = Deadline::start(SECOND * 5, SECOND * 60);
        let error = deadline.run("m", after(6)).await.unwrap_err();
        assert_eq!(error.to_string(), "m was not answered within 5s without progress");
    }

    #[tokio::test(start_paused = true)]
    async fn progress_extends_up_to_the_ceiling() {
        let deadline = Deadline::start(SECOND * 5, SECOND * 11);
        let work = async {
            for _ in 0..3 {
                tokio::time::sleep(SECOND * 4).await;
                deadline.extend();
            }
            Ok(())
        };
        let error = deadline.run("m", work).await.unwrap_err();
        assert_eq!(error.to_string(), "m was not answered within 11s in all");
    }

    #[tokio::test(start_paused = true)]
    async fn the_clocks_of_a_session_stand_together() {
        let standing = Standing::default();
        let deadline = Deadline::start(SECOND * 5, SECOND * 60).of_session(&standing);
        let work = async {
            let stopped = standing.pause();
            tokio::time::sleep(SECOND * 30).await;
            drop(stopped);
            after(4).await
        };
        assert!(matches!(deadline.run("m", work).await, Ok(4)));
        let deadline = Deadline::start(SECOND * 5, SECOND * 11).of_session(&standing);
        assert!(deadline.run("m", after(6)).await.is_err(), "nobody thinks any more");
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_stands_while_the_user_is_asked() {
        let deadline = Deadline::start(SECOND * 5, SECOND * 60);
        let work = async {
            let paused = deadline.pause();
            tokio::time::sleep(SECOND * 30).await;
            drop(paused);
            after(4).await
        };
        assert!(deadline.run("m", work).await.is_ok());
    }
}
