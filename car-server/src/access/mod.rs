//! Who is let in, and as whom.
//!
//! ```text
//!  request ─▶ Place: Host, Origin ─▶ the one token ─┬─ of run/daemon.json ────────────▶ owner
//!               (every route)                       ├─ of a page's session, and Origin ▶ page
//!                                                   └─ of access.json, and in its time ▶ token:NAME
//! ```
//!
//! Who was let in is looked at again while a connection or a stream is open ([`Access::ended`]): a token that is revoked or
//! whose time is over ends what it opened.

mod pages;
mod place;
mod refusal;
mod token;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use car_connectors::store::{AccessFile, AccessTokens, Scope, Secret};
use http::request::Parts;
use tokio::sync::watch;

use self::pages::Pages;
pub(crate) use self::place::Place;
pub(crate) use self::refusal::Refusal;
use self::token::{Digest, carried, digest};
pub(crate) use self::token::{SUBPROTOCOL, new_token};
use crate::visitor::Visitor;

/// How often it is looked whether who has a connection open may still have it. It costs a look at a file's metadata; ends
/// that a person or a clock decides are noticed within a second.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Who is let in. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Access(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    owner: Digest,
    pages: Pages,
    file: AccessFile,
    /// Tells that the access file changed.
    changed: watch::Sender<()>,
}

impl Access {
    pub(crate) fn new(place: Place, owner: &Secret, file: AccessFile) -> Self {
        let (owner, changed) = (digest(owner.expose()), watch::Sender::new(()));
        Self(Arc::new(Inner { place, owner, pages: Pages::default(), file, changed }))
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    /// Checks whom a request goes to and where it comes from: on every route, also those that need no token.
    pub(crate) fn check_place(&self, head: &Parts) -> Result<(), Refusal> {
        self.0.place.guard(head).map_err(Refusal::Stranger)
    }

    /// Finds out who makes a request, and whether they may do what needs `scope`.
    pub(crate) fn check(&self, head: &Parts, scope: Scope) -> Result<Visitor, Refusal> {
        self.admit(head, false).and_then(|visitor| match visitor.may(scope) {
            true => Ok(visitor),
            false => Err(Refusal::Scope { needed: scope, has: visitor.scope }),
        })
    }

    /// Finds out who opens a WebSocket. What they may do there is looked at message by message.
    pub(crate) fn check_socket(&self, head: &Parts) -> Result<Visitor, Refusal> {
        self.admit(head, true)
    }

    /// Checks that it is the daemon's own token that a request carries.
    pub(crate) fn check_owner(&self, head: &Parts) -> Result<(), Refusal> {
        let visitor = self.admit(head, false)?;
        if visitor.is_owner() { Ok(()) } else { Err(Refusal::NotTheOwner) }
    }

    fn admit(&self, head: &Parts, is_socket: bool) -> Result<Visitor, Refusal> {
        let shown = carried(&head.headers, is_socket).ok_or(Refusal::NoToken)?;
        let hash = digest(shown);
        if hash == self.0.owner {
            return Ok(Visitor::owner());
        }
        if let Some(session) = self.0.pages.find(&hash) {
            let is_page = self.0.place.is_own_page(head);
            return if is_page { Ok(Visitor::page(session)) } else { Err(Refusal::NotThePage) };
        }
        let tokens = self.tokens().ok_or(Refusal::Unreadable)?;
        match tokens.find(shown) {
            None => Err(Refusal::UnknownToken),
            Some(token) if token.has_ended(now()) => Err(Refusal::Ended),
            Some(token) => Ok(Visitor::with_token(token)),
        }
    }

    /// Makes a code for a page, which is good once and for a minute.
    pub(crate) fn new_code(&self) -> Secret {
        self.0.pages.new_code()
    }

    /// Changes a code for the token of a page.
    pub(crate) fn begin_session(&self, head: &Parts, code: &str) -> Result<Secret, Refusal> {
        if !self.0.place.is_own_page(head) {
            return Err(Refusal::NotThePage);
        }
        self.0.pages.begin(code).ok_or(Refusal::UnknownToken)
    }

    /// Tells those who wait in [`Access::ended`] that the access file changed.
    pub(crate) fn look_again(&self) {
        self.0.changed.send_replace(());
    }

    /// Waits until somebody who was let in would be let in no longer, or not as the same.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub(crate) async fn ended(&self, visitor: &Visitor) {
        let mut changed = self.0.changed.subscribe();
        while self.still_lets_in(visitor) {
            tokio::select! {
                _ = changed.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    fn still_lets_in(&self, visitor: &Visitor) -> bool {
        if let Some(session) = visitor.session {
            return self.0.pages.touch(session);
        }
        let Some(id) = &visitor.token else { return true };
        let Some(tokens) = self.tokens() else { return false };
        let now = now();
        tokens
            .all()
            .iter()
            .any(|token| *token.id == **id && !token.has_ended(now) && Visitor::with_token(token) == *visitor)
    }

    fn tokens(&self) -> Option<AccessTokens> {
        match self.0.file.tokens() {
            Ok(tokens) => Some(tokens),
            Err(error) => {
                tracing::warn!(%error, "the access file cannot be read");
                None
            }
        }
    }
}

/// Reads the clock: tokens end at a time of day.
#[expect(
    clippy::disallowed_methods,
    reason = "the rim: what ends when is decided by the store, with the time passed in"
)]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
