//! One timer that many deadlines share.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    task::coop,
    time::{Instant, Sleep, sleep_until},
};

/// A timer that stays with a connection and is moved only when it must be.
///
/// Entering a timer into the runtime and taking it out again for each call costs more than the rest of the
/// bookkeeping of a call. Deadlines mostly move forward, so a timer that is set too early is left alone: it
/// fires, finds that the deadline has moved, and is set once to the new one.
#[derive(Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Returns whether `deadline` has passed; if not, the task is woken when it does.
    pub(crate) fn poll_passed(&mut self, context: &mut Context<'_>, deadline: Instant) -> bool {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        loop {
            // Reading may have used up the task's budget, without which a timer says that its time has not come.
            match Pin::new(&mut coop::unconstrained(sleep.as_mut())).poll(context) {
                Poll::Pending => return false,
                Poll::Ready(()) if sleep.deadline() >= deadline => return true,
                Poll::Ready(()) => sleep.as_mut().reset(deadline),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Duration};

    async fn passed(alarm: &mut Alarm, deadline: Instant) {
        poll_fn(|context| if alarm.poll_passed(context, deadline) { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }

    #[tokio::test(start_paused = true)]
    async fn passes_at_each_deadline_whichever_way_it_moves() {
        let mut alarm = Alarm::default();
        let start = Instant::now();
        for seconds in [60, 90, 91] {
            let mut noop = Context::from_waker(std::task::Waker::noop());
            assert!(!alarm.poll_passed(&mut noop, start + Duration::from_secs(200)));
            passed(&mut alarm, start + Duration::from_secs(seconds)).await;
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
        passed(&mut alarm, start).await;
        assert_eq!(start.elapsed().as_secs(), 91);
    }
}
