//! One connector while the program runs: its session, and how it stands.
//!
//! Callers that come together dial once; nothing else waits here, and nothing waits for another connector.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use car_connectors_store::{Connector, OauthClient, StdioCommand};
use car_mcp::Session;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::catalog::Catalog;
use crate::dial::{Reached, ServerLogTask};
use crate::error::{Error, ErrorKind};
use crate::manager::OutOfService;
use crate::pause::Failing;
use crate::sharing::Shared;
use crate::status::ConnectorState;

/// What is known of one connector beyond its manifest entry.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Held while the connector is dialed for a caller, so that callers that come together dial once.
    pub(crate) turn: tokio::sync::Mutex<()>,
    state: Mutex<LiveState>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LiveState {
    pub(crate) connected: Option<Connected>,
    pub(crate) failure: Option<Failure>,
    /// How often it failed, and when it is tried again.
    failing: Option<Failing>,
    /// How many dial it at the moment.
    dialing: usize,
    /// How it stood when that was last told.
    told: ConnectorState,
    /// When it was last used.
    used: Option<Instant>,
    /// Its enabled tools that are out of service.
    pub(crate) out_of_service: Arc<OutOfService>,
    /// What it offers beside tools.
    pub(crate) shared: Arc<Shared>,
}

/// What there is while there is a session.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) session: Session,
    /// Shared by all copies of this session's state, and by no other session's.
    held: Arc<Held>,
    pub(crate) catalog: Arc<Catalog>,
}

/// What all users of a session share.
#[derive(Debug)]
struct Held {
    dialed: Dialed,
    log: Option<ServerLogTask>,
    /// Ends with the session, for those who go on until then.
    alive: watch::Sender<()>,
}

/// What of a connector decides which server is reached, and with what.
#[derive(Debug, PartialEq)]
struct Dialed {
    url: String,
    secret_headers: Vec<String>,
    oauth: Option<OauthClient>,
    /// The headers of a project's file, with variables as written.
    project_headers: BTreeMap<String, String>,
    stdio: Option<StdioCommand>,
}

/// Why the last attempt failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
    pub(crate) needs_sign_in: bool,
}

impl Connected {
    pub(crate) fn new(connector: &Connector, reached: Reached, catalog: Catalog) -> Self {
        let Reached { session, log } = reached;
        Self {
            session,
            held: Arc::new(Held { dialed: Dialed::of(connector), log, alive: watch::Sender::default() }),
            catalog: Arc::new(catalog),
        }
    }

    /// Gives up this use of the session. The last one says goodbye to the server, so calls under way come to their end.
    pub(crate) async fn end(self) {
        if let Some(Held { log, alive, .. }) = Arc::into_inner(self.held) {
            drop(alive);
            self.session.close().await;
            // The log ends with the transport, and that with the session.
            drop(self.session);
            if let Some(log) = log {
                log.end().await;
            }
        }
    }

    /// Returns what says, by an error, when the session has ended.
    pub(crate) fn gone(&self) -> watch::Receiver<()> {
        self.held.alive.subscribe()
    }

    /// Returns what tells this session from others, without keeping it.
    pub(crate) fn as_use(&self) -> Use {
        Use(Arc::downgrade(&self.held))
    }

    /// Tells whether its server is one that we started.
    fn is_local(&self) -> bool {
        self.held.dialed.stdio.is_some()
    }

    /// Tells whether the manifest still means the server that this session is with.
    pub(crate) fn is_with(&self, connector: &Connector) -> bool {
        self.held.dialed == Dialed::of(connector)
    }
}

impl Failure {
    fn of(error: &Error) -> Self {
        Self {
            text: full_text(error),
            hint: error.hint().map(str::to_owned),
            needs_sign_in: error.is_auth_required(),
        }
    }
}

impl Dialed {
    fn of(connector: &Connector) -> Self {
        Self {
            url: connector.url.clone(),
            secret_headers: connector.secret_headers.clone(),
            oauth: connector.oauth.clone(),
            project_headers: connector
                .project
                .as_ref()
                .map(|project| project.headers.clone())
                .unwrap_or_default(),
            stdio: connector.stdio.clone(),
        }
    }
}

impl Live {
    pub(crate) fn state(&self) -> LiveState {
        self.lock().clone()
    }

    /// Says that it is being dialed, until the guard is dropped.
    pub(crate) fn begin(&self) -> Dialing<'_> {
        self.lock().dialing += 1;
        Dialing(self)
    }

    /// Takes a session into use and returns the one before it.
    pub(crate) fn connect(&self, connected: Connected) -> Option<Connected> {
        let mut state = self.lock();
        state.failure = None;
        state.failing = None;
        state.used = Some(Instant::now());
        state.connected.replace(connected)
    }

    /// Takes over what a session offers now, unless another session has come into use meanwhile.
    pub(crate) fn relist(&self, of: &Connected, catalog: Arc<Catalog>) {
        let mut state = self.lock();
        if let Some(connected) = &mut state.connected
            && Arc::ptr_eq(&connected.held, &of.held)
        {
            connected.catalog = catalog;
        }
    }

    /// Takes over which tools are out of service, and returns which were.
    pub(crate) fn put_out_of_service(&self, tools: Arc<OutOfService>) -> Arc<OutOfService> {
        std::mem::replace(&mut self.lock().out_of_service, tools)
    }

    /// Takes over what it offers beside tools, unless another session has come into use meanwhile. Tells whether anything
    /// is different now.
    pub(crate) fn share(&self, of: &Connected, shared: Shared) -> bool {
        let mut state = self.lock();
        let is_same = state.connected.as_ref().is_some_and(|known| Arc::ptr_eq(&known.held, &of.held));
        if !is_same || *state.shared == shared {
            return false;
        }
        state.shared = Arc::new(shared);
        true
    }

    /// Forgets everything: it is another server now, or none.
    pub(crate) fn forget(&self) {
        let mut state = self.lock();
        let (told, dialing) = (state.told, state.dialing);
        *state = LiveState { told, dialing, ..LiveState::default() };
    }

    /// Notes that it could not be dialed. A session that there was stays: it may well serve again.
    pub(crate) fn fail(&self, error: &Error) {
        let mut state = self.lock();
        if state.connected.is_some() {
            state.failure = Some(Failure::of(error));
            return;
        }
        state.failing = Failing::count_dial(state.failing.as_ref(), error, Instant::now());
        state.failure = Some(Failure::of(error));
    }

    /// Notes the outcome of a use of its session. Only what says something about the connector counts: a slow tool or a
    /// refused argument does not.
    pub(crate) fn note_call(&self, error: Option<&Error>) {
        let mut state = self.lock();
        state.used = Some(Instant::now());
        match error {
            None => (state.failure, state.failing) = (None, None),
            Some(error) if matches!(error.kind(), ErrorKind::AuthRequired | ErrorKind::Unreachable) => {
                state.note_failure(error);
            }
            Some(_) => {}
        }
    }

    /// Notes that its session did not serve.
    pub(crate) fn note_failure(&self, error: &Error) {
        self.lock().note_failure(error);
    }

    /// Says that it is left alone for a while because it failed, if that is so.
    pub(crate) fn pause(&self, slug: &str) -> Option<Error> {
        self.lock().pause(slug)
    }

    /// Takes a session away that nobody has used for this long. Tells otherwise when to look again; nothing if another
    /// session has come into use meanwhile.
    pub(crate) fn disconnect_idle(&self, of: &Use, after: Duration) -> Idle {
        let mut state = self.lock();
        let Some(connected) = &state.connected else { return Idle::Gone };
        if !of.is_of(connected) {
            return Idle::Gone;
        }
        // One is this state's own; whoever calls has another.
        let is_used = Arc::strong_count(&connected.held) > 1;
        let idle = state.used.map_or(after, |used| used.elapsed());
        if is_used || idle < after {
            return Idle::LookAgain(after.saturating_sub(idle).max(after / 4));
        }
        state.connected.take().map_or(Idle::Gone, Idle::Ended)
    }

    /// Takes the session away.
    pub(crate) fn disconnect(&self) -> Option<Connected> {
        let mut state = self.lock();
        state.failure = None;
        state.connected.take()
    }

    /// Returns how it stands, if that has not been told yet.
    pub(crate) fn news(&self) -> Option<ConnectorState> {
        let mut state = self.lock();
        let now = state.state();
        (std::mem::replace(&mut state.told, now) != now).then_some(now)
    }

    fn lock(&self) -> MutexGuard<'_, LiveState> {
        // Each change is whole before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session, as somebody sees it who does not keep it.
#[derive(Debug)]
pub(crate) struct Use(Weak<Held>);

impl Use {
    /// Tells whether it is that session.
    pub(crate) fn is_of(&self, connected: &Connected) -> bool {
        self.0.upgrade().is_some_and(|held| Arc::ptr_eq(&held, &connected.held))
    }
}

/// How an idle session stands.
pub(crate) enum Idle {
    /// There is nothing to end any more.
    Gone,
    /// It is used, or was a moment ago.
    LookAgain(Duration),
    /// It was idle, and this is it.
    Ended(Connected),
}

/// Says that a connector is being dialed, as long as it lives: also a dial that is given up comes to an end.
pub(crate) struct Dialing<'a>(&'a Live);

impl Drop for Dialing<'_> {
    fn drop(&mut self) {
        self.0.lock().dialing -= 1;
    }
}

impl LiveState {
    /// Says that it is left alone for a while because it failed, if that is so.
    pub(crate) fn pause(&self, slug: &str) -> Option<Error> {
        self.failing.as_ref()?.error(slug, Instant::now())
    }

    fn note_failure(&mut self, error: &Error) {
        let is_local = self.connected.as_ref().is_some_and(Connected::is_local);
        if is_local && error.kind() == ErrorKind::Unreachable {
            self.failing = Some(Failing::count_end(self.failing.as_ref(), error, Instant::now()));
        }
        self.failure = Some(Failure::of(error));
    }

    pub(crate) fn state(&self) -> ConnectorState {
        match self {
            Self { dialing: 1.., connected: None, .. } => ConnectorState::Connecting,
            Self { failure: Some(failure), .. } if failure.needs_sign_in => ConnectorState::NeedsSignIn,
            Self { failure: Some(_), .. } => ConnectorState::Failed,
            Self { connected: Some(_), .. } => ConnectorState::Ready,
            _ => ConnectorState::NotConnected,
        }
    }
}

/// Writes an error with its causes on one line, for a status.
pub(crate) fn full_text(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
