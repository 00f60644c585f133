//! The browser comes back to a port of this machine (RFC 8252 §7.3), or a person pastes where it ended.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use hyper::StatusCode;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::agent::{Invitation, UserAgent, Visit};
use super::callback::{Hit, Place, bind, serve};
use super::page::{self, Outcome};
use crate::error::Error;
use crate::identity::Identity;
use crate::redirect_uri::RedirectUri;
use crate::response::AuthorizationResponse;

/// The path of the redirect URI where nobody wants another.
const DEFAULT_PATH: &str = "/callback";

/// How long a person may take by default, in seconds: long enough for a password manager and a second factor.
const DEFAULT_PATIENCE: u64 = 300;

/// How long the last page may take to get out. Browsers open connections ahead that they then do not use.
const FAREWELL: std::time::Duration = std::time::Duration::from_millis(500);

/// Where the browser is to come back to. What is left out is chosen: `127.0.0.1`, any free port, `/callback`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallbackAddress {
    /// `127.0.0.1`, `[::1]` or `localhost`, as the authorization server knows it.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The path, from the slash on.
    pub path: Option<String>,
}

impl CallbackAddress {
    /// Takes what is set here, and where nothing is, what is set there.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            host: self.host.clone().or_else(|| other.host.clone()),
            port: self.port.or(other.port),
            path: self.path.clone().or_else(|| other.path.clone()),
        }
    }
}

/// Shows a page to a person.
pub trait Opener: Send + Sync {
    /// Shows the page: in a browser, or as an address to open.
    ///
    /// # Errors
    /// Says why it cannot be shown.
    fn open<'a>(&'a self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>>;

    /// Waits for a person to paste the address at which the browser ended; for ever where nobody can. Asked after
    /// [`open`](Self::open), and again where what was pasted is not the answer.
    ///
    /// # Errors
    /// Says that nothing more will come.
    fn pasted(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(std::future::pending())
    }

    /// Says that what was pasted, or what came to the port, is not the answer to this sign-in.
    fn ignored<'a>(&'a self, why: &'a Error) -> BoxFuture<'a, ()> {
        let _ = why;
        Box::pin(async {})
    }

    /// As [`UserAgent::confirm_account`].
    fn confirm_account<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool> {
        let _ = (before, now);
        Box::pin(async { false })
    }
}

/// Listens on a port of this machine while a person signs in, and takes a pasted address as well.
#[derive(Clone)]
pub struct LoopbackAgent {
    opener: Arc<dyn Opener>,
    address: CallbackAddress,
    patience: u64,
}

impl LoopbackAgent {
    /// Shows pages through `opener`.
    pub fn new(opener: Arc<dyn Opener>) -> Self {
        Self { opener, address: CallbackAddress::default(), patience: DEFAULT_PATIENCE }
    }

    /// Fixes where the browser comes back to, for a client that was registered with an exact address.
    #[must_use]
    pub fn with_address(mut self, address: CallbackAddress) -> Self {
        self.address = address;
        self
    }

    /// Sets how long a person may take, in seconds.
    #[must_use]
    pub const fn with_patience(mut self, seconds: u64) -> Self {
        self.patience = seconds;
        self
    }

    async fn listen(&self, name: &str, wanted: &CallbackAddress) -> Result<LoopbackVisit, Error> {
        let address = self.address.or(wanted);
        let host = address.host.as_deref().unwrap_or("127.0.0.1");
        let path = address.path.as_deref().unwrap_or(DEFAULT_PATH);
        let listeners = bind(host, address.port.unwrap_or(0)).await?;
        let port =
            listeners.first().and_then(|listener| listener.local_addr().ok()).map_or(0, |at| at.port());
        let (hits, inbox) = mpsc::channel(1);
        let mut serving = JoinSet::new();
        for listener in listeners {
            let place = Place { path: path.to_owned(), name: name.to_owned(), hits: hits.clone() };
            serving.spawn(serve(listener, Arc::new(place)));
        }
        Ok(LoopbackVisit {
            redirect_uri: RedirectUri::loopback(host, port, path)?.as_str().to_owned(),
            opener: Arc::clone(&self.opener),
            patience: self.patience,
            deadline: tokio::time::Instant::now() + std::time::Duration::from_secs(self.patience),
            name: name.to_owned(),
            inbox,
            waiting: None,
            serving,
        })
    }
}

impl std::fmt::Debug for LoopbackAgent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LoopbackAgent").field("address", &self.address).finish_non_exhaustive()
    }
}

impl UserAgent for LoopbackAgent {
    fn prepare<'a>(
        &'a self,
        name: &'a str,
        wanted: &'a CallbackAddress,
    ) -> BoxFuture<'a, Result<Box<dyn Visit>, Error>> {
        Box::pin(async move { Ok(Box::new(self.listen(name, wanted).await?) as Box<dyn Visit>) })
    }

    fn confirm_account<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> BoxFuture<'a, bool> {
        self.opener.confirm_account(before, now)
    }
}

/// One visit. Its port is open as long as it lives.
struct LoopbackVisit {
    redirect_uri: String,
    opener: Arc<dyn Opener>,
    patience: u64,
    /// When the person's time is up, however many strangers come to the port meanwhile.
    deadline: tokio::time::Instant,
    name: String,
    inbox: mpsc::Receiver<Hit>,
    /// The browser that brought the last answer and waits for a page.
    waiting: Option<oneshot::Sender<(StatusCode, String)>>,
    serving: JoinSet<()>,
}

impl LoopbackVisit {
    fn reply(&mut self, status: StatusCode, outcome: Outcome<'_>) {
        if let Some(waiting) = self.waiting.take() {
            // A browser that has gone away misses a page and nothing else.
            drop(waiting.send((status, page::render(&self.name, outcome))));
        }
    }

    async fn next(&mut self) -> Result<AuthorizationResponse, Error> {
        tokio::select! {
            hit = self.inbox.recv() => {
                let hit = hit.ok_or(Error::InvalidResponse { what: "the port was closed" })?;
                self.waiting = Some(hit.reply);
                AuthorizationResponse::from_query(&hit.query)
            }
            pasted = self.opener.pasted() => AuthorizationResponse::from_url(&pasted?),
        }
    }
}

impl Visit for LoopbackVisit {
    fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    fn open<'a>(&'a mut self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), Error>> {
        self.opener.open(invitation)
    }

    fn answer(&mut self) -> BoxFuture<'_, Result<AuthorizationResponse, Error>> {
        Box::pin(async move {
            match tokio::time::timeout_at(self.deadline, self.next()).await {
                Ok(answer) => answer,
                Err(_elapsed) => Err(Error::SignInTimedOut { seconds: self.patience }),
            }
        })
    }

    fn ignore<'a>(&'a mut self, why: &'a Error) -> BoxFuture<'a, ()> {
        self.reply(StatusCode::BAD_REQUEST, Outcome::NotOurs("This answer does not belong to the sign-in"));
        self.opener.ignored(why)
    }

    fn conclude<'a>(mut self: Box<Self>, _name: &'a str, outcome: Result<(), &'a Error>) -> BoxFuture<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(async move {
            match outcome {
                Ok(()) => self.reply(StatusCode::OK, Outcome::Done),
                Err(error) => self.reply(StatusCode::BAD_REQUEST, Outcome::Failed(&error.to_string())),
            }
            // The page has to get out before the port is closed. A browser that does not read it must not keep us.
            self.inbox.close();
            let gone = async { while self.serving.join_next().await.is_some() {} };
            drop(tokio::time::timeout(FAREWELL, gone).await);
        })
    }
}
