//! The sessions of pages: a code that is good for one use and a minute, and the token that it is changed for.
//!
//! They are kept in memory, so they end with the daemon at the latest.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use car_connectors::store::Secret;
use tokio::time::Instant;

use super::token::{Digest, digest, new_token};

/// How long a code is good: as long as a browser takes to start.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// How many codes wait at once. Nobody opens that many pages in a minute; the oldest are forgotten.
const MAX_CODES: usize = 16;

/// How long a page may do nothing: a night, and no working day.
const IDLE: Duration = Duration::from_secs(12 * 60 * 60);

/// How many pages are signed in at once. The one that has done nothing for longest is forgotten.
const MAX_SESSIONS: usize = 64;

/// The codes and sessions of pages.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    codes: Vec<Code>,
    sessions: Vec<Session>,
    /// The number of the next session.
    next: u64,
}

#[derive(Debug)]
struct Code {
    digest: Digest,
    until: Instant,
}

#[derive(Debug)]
struct Session {
    number: u64,
    digest: Digest,
    used: Instant,
}

impl Pages {
    /// Makes a code.
    pub(super) fn new_code(&self) -> Secret {
        let code = new_token();
        let mut state = self.state();
        if state.codes.len() >= MAX_CODES {
            state.codes.remove(0);
        }
        state.codes.push(Code { digest: digest(code.expose()), until: Instant::now() + CODE_LIFETIME });
        code
    }

    /// Changes a code for the token of a new session; nothing for a code that is not, or no longer, good.
    pub(super) fn begin(&self, code: &str) -> Option<Secret> {
        let wanted = digest(code);
        let mut state = self.state();
        let place = state.codes.iter().position(|code| code.digest == wanted)?;
        state.codes.remove(place);
        if state.sessions.len() >= MAX_SESSIONS
            && let Some((oldest, _)) =
                state.sessions.iter().enumerate().min_by_key(|(_, session)| session.used)
        {
            state.sessions.remove(oldest);
        }
        let token = new_token();
        let number = state.next;
        state.next += 1;
        state.sessions.push(Session { number, digest: digest(token.expose()), used: Instant::now() });
        Some(token)
    }

    /// Finds the session of a token, and notes that it is used.
    pub(super) fn find(&self, token: &Digest) -> Option<u64> {
        self.state().using(|session| session.digest == *token)
    }

    /// Notes that a session is used. Returns whether there is one.
    pub(super) fn touch(&self, number: u64) -> bool {
        self.state().using(|session| session.number == number).is_some()
    }

    /// Returns codes and sessions without those whose time is over.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        state.codes.retain(|code| code.until > now);
        state.sessions.retain(|session| session.used + IDLE > now);
        state
    }
}

impl State {
    fn using(&mut self, is_wanted: impl Fn(&Session) -> bool) -> Option<u64> {
        let session = self.sessions.iter_mut().find(|session| is_wanted(session))?;
        session.used = Instant::now();
        Some(session.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_code_is_good_once_and_for_a_minute() {
        let pages = Pages::default();
        let code = pages.new_code();
        assert!(pages.begin("another").is_none());
        let token = pages.begin(code.expose()).unwrap();
        assert!(pages.begin(code.expose()).is_none(), "it was used");
        assert!(pages.find(&digest(token.expose())).is_some());
        assert!(pages.find(&digest(code.expose())).is_none(), "a code is no token");
        let late = pages.new_code();
        tokio::time::advance(CODE_LIFETIME).await;
        assert!(pages.begin(late.expose()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_when_it_is_not_used() {
        let pages = Pages::default();
        let token = pages.begin(pages.new_code().expose()).unwrap();
        let token = digest(token.expose());
        tokio::time::advance(IDLE - Duration::from_secs(1)).await;
        let number = pages.find(&token).unwrap();
        tokio::time::advance(IDLE - Duration::from_secs(1)).await;
        assert!(pages.touch(number));
        tokio::time::advance(IDLE).await;
        assert!(!pages.touch(number));
        assert!(pages.find(&token).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn codes_and_sessions_are_bounded() {
        let pages = Pages::default();
        let first = pages.new_code();
        for _ in 0..MAX_CODES {
            drop(pages.new_code());
        }
        assert!(pages.begin(first.expose()).is_none());
        let mut tokens = Vec::new();
        for _ in 0..=MAX_SESSIONS {
            tokens.push(pages.begin(pages.new_code().expose()).unwrap());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(pages.find(&digest(tokens[0].expose())).is_none());
        assert!(pages.find(&digest(tokens[1].expose())).is_some());
    }
}
