//! One connector while the program runs: its session, and how it stands.
//!
//! Connecting, refreshing and removing take turns; calls do not. Nothing here waits for another connector.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use car_mcp::{Listing, Session};
use car_mcp_proto::tool::Tool;

use crate::error::Error;
use crate::status::{ConnectorState, SetAside};

/// What is known of one connector beyond its manifest entry.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Held while the connector is dialed, refreshed or removed, never while it is called.
    pub(crate) turn: tokio::sync::Mutex<()>,
    state: Mutex<LiveState>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LiveState {
    pub(crate) connected: Option<Connected>,
    pub(crate) failure: Option<Failure>,
    pub(crate) connecting: bool,
}

/// What there is while there is a session.
#[derive(Clone, Debug)]
pub(crate) struct Connected {
    pub(crate) session: Session,
    pub(crate) tools: Arc<Listing<Tool>>,
    /// Tools that cannot be used, the engine's reasons among them.
    pub(crate) set_aside: Vec<SetAside>,
}

/// Why the last attempt failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) text: String,
    pub(crate) hint: Option<String>,
    pub(crate) needs_sign_in: bool,
}

impl Live {
    pub(crate) fn state(&self) -> LiveState {
        self.lock().clone()
    }

    pub(crate) fn session(&self) -> Option<Session> {
        self.lock().connected.as_ref().map(|connected| connected.session.clone())
    }

    pub(crate) fn begin(&self) {
        self.lock().connecting = true;
    }

    pub(crate) fn connect(&self, connected: Connected) {
        *self.lock() = LiveState { connected: Some(connected), failure: None, connecting: false };
    }

    /// Keeps a session whose last use failed: it may well serve again.
    pub(crate) fn fail(&self, error: &Error) {
        let mut state = self.lock();
        state.connecting = false;
        state.failure = Some(Failure {
            text: full_text(error),
            hint: error.hint().map(str::to_owned),
            needs_sign_in: error.is_auth_required(),
        });
    }

    /// Takes the session away.
    pub(crate) fn disconnect(&self) -> Option<Session> {
        std::mem::take(&mut *self.lock()).connected.map(|connected| connected.session)
    }

    fn lock(&self) -> MutexGuard<'_, LiveState> {
        // Each change is one assignment, so a panic elsewhere cannot leave half of one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveState {
    pub(crate) fn state(&self) -> ConnectorState {
        match self {
            Self { connecting: true, .. } => ConnectorState::Connecting,
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
