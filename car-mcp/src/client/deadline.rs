//! The deadline of one call: progress moves it, questions to the user stop it, a ceiling ends it.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use tokio::task::coop;
use tokio::time::{Instant, sleep_until};

use crate::error::Error;

/// Holds when a call is to be given up.
#[derive(Debug)]
pub(crate) struct Deadline {
    timeout: Duration,
    ceiling: Duration,
    latest: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Instant,
    /// How many questions to the user are open: the server is not at fault while they are.
    paused: u32,
}

impl Deadline {
    /// Starts the clock.
    pub(crate) fn start(timeout: Duration, ceiling: Duration) -> Self {
        let now = Instant::now();
        Self {
            timeout,
            ceiling,
            latest: later(now, ceiling),
            state: Mutex::new(State { next: later(now, timeout), paused: 0 }),
        }
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
        let state = self.state();
        let late = state.paused == 0 && now >= state.next;
        (ceiling || late).then(|| Error::TimedOut {
            method: method.to_owned(),
            after: if ceiling { self.ceiling } else { self.timeout },
            ceiling,
        })
    }

    fn wake_at(&self) -> Instant {
        let state = self.state();
        match state.paused {
            0 => state.next.min(self.latest),
            // While the clock stands there is only the ceiling; look again after a full timeout.
            _ => later(Instant::now(), self.timeout).min(self.latest),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it holds the deadline")
    }
}

/// Keeps the clock stopped.
pub(crate) struct Paused<'a>(&'a Deadline);

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
