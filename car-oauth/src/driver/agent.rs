//! The person and their browser, as the flow sees them.

use std::fmt;

use futures_util::future::BoxFuture;
use url::Url;

use super::web::without_query;
use crate::error::Error;
use crate::identity::Identity;
use crate::response::AuthorizationResponse;
use crate::time::Timestamp;

/// What a person is asked to do. `Debug` leaves out the query of the page: its state would let others answer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Invitation {
    /// What they sign in to, in their own words: the connector's name.
    pub name: String,
    /// The page to open. http(s) only.
    pub url: Url,
}

impl Invitation {
    pub(crate) fn new(name: &str, url: &Url) -> Self {
        Self { name: name.to_owned(), url: url.clone() }
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = without_query(&self.url);
        formatter.debug_struct("Invitation").field("name", &self.name).field("url", &url).finish()
    }
}

/// Takes a person through a sign-in in a browser.
pub trait UserAgent: Send + Sync {
    /// Gets ready to receive the browser. `wanted` is what the authorization server is known to insist on, such as a
    /// fixed port; an agent that was told otherwise by the person need not follow it.
    ///
    /// # Errors
    /// [`Error::CallbackPort`] where the address for the answer is not free.
    fn prepare<'a>(
        &'a self,
        name: &'a str,
        wanted: &'a super::CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>>;

    /// Asks whether to go on with another account than before. Without anybody to ask the answer is no.
    fn confirm_account<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool> {
        let _ = (before, now);
        Box::pin(async { false })
    }
}

/// One visit to the authorization server. Dropping it leaves nothing behind: no port, no page.
pub trait Visit: Send {
    /// Returns where the browser comes back to.
    fn redirect_uri(&self) -> &str;

    /// Shows the page.
    ///
    /// # Errors
    /// Says why it cannot be shown at all; an agent that has another way to tell the person uses that.
    fn open<'a>(&'a mut self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>>;

    /// Waits for the browser to come back. Called again where an answer was not for this sign-in.
    ///
    /// # Errors
    /// Says that nobody will come any more.
    fn answer(&mut self) -> BoxFuture<'_, Result<AuthorizationResponse, Error>>;

    /// Says that the last answer was not for this sign-in.
    fn ignore<'a>(&'a mut self, why: &'a Error) -> BoxFuture<'a, ()>;

    /// Shows how it ended.
    fn conclude<'a>(self: Box<Self>, name: &'a str, outcome: Result<(), &'a Error>) -> BoxFuture<'a, ()>
    where
        Self: 'a;
}

/// Shows a person the code to enter on another device (RFC 8628 §3.3).
pub trait DeviceDisplay: Send + Sync {
    /// Shows where to go and what to enter. `complete` is an address that needs nothing entered, for a QR code or a
    /// browser; not every server gives one.
    fn show<'a>(
        &'a self,
        name: &'a str,
        verification_uri: &'a Url,
        complete: Option<&'a Url>,
        user_code: &'a str,
        expires_at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>>;

    /// As [`UserAgent::confirm_account`].
    fn confirm_account<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool> {
        let _ = (before, now);
        Box::pin(async { false })
    }
}
