//! What a person sees while something takes longer than a moment.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use car_connectors::engine::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::plain::plain;

/// How long nothing is shown: most waits are over by then, and a flash of a spinner only disturbs.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// The bar's length: progress comes in any unit and with fractions, and is shown as per mille of the whole.
const WHOLE: f64 = 1000.0;

/// A spinner, or a bar once the whole is known, that shows itself only when it is worth it.
#[derive(Clone)]
pub(crate) struct Wait {
    bar: ProgressBar,
    is_shown: bool,
    color: bool,
    /// Whether a person is asked something meanwhile.
    is_hushed: Arc<AtomicBool>,
}

impl Wait {
    pub(super) fn new(what: String, is_shown: bool, color: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_style(style("{spinner} {msg} {elapsed}"));
        bar.set_message(what);
        Self { bar, is_shown, color, is_hushed: Arc::default() }
    }

    /// Waits for something, and shows that after a moment.
    pub(crate) async fn on<T>(&self, future: impl Future<Output = T>) -> T {
        // A call may wait twice, first for the tool's schema; a bar that was taken away shows nothing until it is reset.
        self.bar.reset();
        let _cleared = Cleared(&self.bar);
        let mut future = std::pin::pin!(future);
        if self.is_shown {
            tokio::select! {
                done = &mut future => return done,
                () = tokio::time::sleep(PATIENCE) => {}
            }
            if self.is_hushed.load(Ordering::Relaxed) {
                return future.await;
            }
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TURN);
        }
        future.await
    }

    /// Takes what is shown away for good: a question takes its place.
    pub(crate) fn hush(&self) {
        self.is_hushed.store(true, Ordering::Relaxed);
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
        self.bar.set_draw_target(ProgressDrawTarget::hidden());
    }

    /// Shows how far a call has come.
    pub(crate) fn progress(&self, progress: &Progress) {
        if let Some(total) = progress.total.filter(|total| *total > 0.0) {
            if self.bar.length().is_none() {
                let bar = if self.color { "{bar:30.cyan}" } else { "{bar:30}" };
                self.bar.set_style(style(&format!("{bar} {{percent}}% {{msg}} {{elapsed}}")));
                self.bar.set_length(WHOLE as u64);
            }
            // The cast saturates: a server that counts past its total, or backwards, still gets a bar.
            self.bar.set_position((progress.progress / total * WHOLE) as u64);
        }
        if let Some(message) = &progress.message {
            self.bar.set_message(plain(message).split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

/// Takes the spinner away however the wait ends, also when its future is dropped.
struct Cleared<'a>(&'a ProgressBar);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a template of our own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn shows_a_second_wait_as_it_showed_the_first() {
        let wait = Wait::new("calling".to_owned(), false, false);
        wait.on(async {}).await;
        assert!(wait.bar.is_finished());
        wait.on(async { assert!(!wait.bar.is_finished()) }).await;
    }

    #[test]
    fn becomes_a_bar_once_the_whole_is_known() {
        let wait = Wait::new("calling".to_owned(), false, false);
        wait.progress(&Progress::new(1.0, None, Some("be\u{1b}gun".to_owned())));
        assert_eq!((wait.bar.length(), wait.bar.message()), (None, "be\u{fffd}gun".to_owned()));
        wait.progress(&Progress::new(0.5, Some(2.0), None));
        assert_eq!((wait.bar.length(), wait.bar.position()), (Some(1000), 250));
        wait.progress(&Progress::new(-3.0, Some(2.0), None));
        assert_eq!(wait.bar.position(), 0);
    }
}
