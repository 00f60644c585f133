//! How long a connector that fails is left alone: calls that come meanwhile fail at once, and say when it is tried again.

use std::time::Duration;

use tokio::time::Instant;

use crate::connector::full_text;
use crate::error::{Error, ErrorKind};

/// The pause after the first failure.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause: whoever mends a server waits no longer than this, and a server that is away for a day is tried some
/// thousand times.
const LONGEST: Duration = Duration::from_secs(60);

/// A connector that cannot be used at the moment.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    /// How often it failed with nothing good in between.
    times: u32,
    tried: Instant,
    pause: Duration,
    kind: ErrorKind,
    text: String,
    hint: Option<String>,
}

impl Failing {
    /// Counts a server that could not be dialed or started. What is no fault of the server, such as a sign-in that is
    /// wanted, is mended by the user, who need not wait then.
    pub(crate) fn count_dial(before: Option<&Self>, error: &Error, now: Instant) -> Option<Self> {
        is_fault(error.kind()).then(|| {
            let times = before.map_or(1, |before| before.times.saturating_add(1));
            Self::new(times, after(times), error, now)
        })
    }

    /// Counts a local server that ended in the middle of a call. One that worked until then is started again at once.
    pub(crate) fn count_end(before: Option<&Self>, error: &Error, now: Instant) -> Self {
        let times = before.map_or(1, |before| before.times.saturating_add(1));
        let mut failing = Self::new(times, times.checked_sub(1).map_or(Duration::ZERO, after), error, now);
        // What the one call is told, that it may have been made, says nothing of the server.
        failing.hint = error.connector().map(|slug| format!("`car logs {slug}` shows what it said"));
        failing
    }

    fn new(times: u32, pause: Duration, error: &Error, tried: Instant) -> Self {
        let (kind, text) = (error.kind(), full_text(error));
        Self { times, tried, pause, kind, text, hint: error.hint().map(str::to_owned) }
    }

    /// Says that it is not tried yet, unless it is time.
    pub(crate) fn error(&self, slug: &str, now: Instant) -> Option<Error> {
        let ago = now.saturating_duration_since(self.tried);
        let left = self.pause.checked_sub(ago).filter(|left| !left.is_zero())?;
        let text = format!(
            "{} (tried {} s ago, next try in {} s)",
            self.text,
            ago.as_secs(),
            left.as_secs_f64().ceil()
        );
        let at_once = format!("`car refresh {slug}` tries at once");
        let hint = self.hint.as_ref().map_or_else(|| at_once.clone(), |hint| format!("{hint}; {at_once}"));
        Some(Error::new(self.kind, text).of(slug).hinted(hint))
    }
}

const fn is_fault(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::Peer)
}

/// Returns how long the pause is after so many failures.
fn after(times: u32) -> Duration {
    match times.checked_sub(1) {
        None => Duration::ZERO,
        Some(doubled) => 2_u32.checked_pow(doubled).map_or(LONGEST, |factor| (FIRST * factor).min(LONGEST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Error {
        Error::new(ErrorKind::Unreachable, "the server cannot be reached").hinted("check the URL")
    }

    #[test]
    fn the_pause_doubles_from_a_second_to_a_minute() {
        let (mut failing, now) = (None, Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..9 {
            failing = Failing::count_dial(failing.as_ref(), &refused(), now);
            pauses.push(failing.as_ref().map(|failing| failing.pause.as_secs()).unwrap());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(after(u32::MAX), LONGEST);
    }

    #[test]
    fn a_call_within_the_pause_says_when_the_next_try_is() {
        let now = Instant::now();
        let once = Failing::count_dial(None, &refused(), now);
        let twice = Failing::count_dial(once.as_ref(), &refused(), now).unwrap();
        let error = twice.error("docs", now + Duration::from_millis(1_200)).unwrap();
        assert_eq!(error.to_string(), "the server cannot be reached (tried 1 s ago, next try in 1 s)");
        assert_eq!(error.hint(), Some("check the URL; `car refresh docs` tries at once"));
        assert!(error.is_transient());
        assert!(twice.error("docs", now + Duration::from_secs(2)).is_none());
    }

    #[test]
    fn a_local_server_that_ends_once_is_started_again_at_once() {
        let now = Instant::now();
        let once = Failing::count_end(None, &refused(), now);
        assert!(once.error("docs", now).is_none());
        let twice = Failing::count_end(Some(&once), &refused(), now);
        assert_eq!(twice.pause, FIRST);
        assert_eq!(Failing::count_end(Some(&twice), &refused(), now).pause, FIRST * 2);
    }

    #[test]
    fn what_the_user_mends_has_no_pause() {
        for kind in
            [ErrorKind::AuthRequired, ErrorKind::Storage, ErrorKind::NotFound, ErrorKind::InvalidInput]
        {
            assert!(
                Failing::count_dial(None, &Error::new(kind, "it is the user's"), Instant::now()).is_none()
            );
        }
    }
}
