//! What the server knows while it runs: its settings, its sessions, and who listens for changes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::broadcast;

use super::config::Config;
use super::legacy::Session;
use crate::ledger::Ledger;

/// How many changes a slow listener may fall behind before it misses some.
const CHANGES_KEPT: usize = 64;

/// A change that listeners are told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Tools,
    Resource,
    /// The server ends every subscription in good order.
    End,
}

/// Everything of one run of the server. A restart makes a new one, so sessions are forgotten.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Config,
    pub(super) ledger: Arc<Ledger>,
    pub(super) changes: broadcast::Sender<Change>,
    extra_tool: AtomicBool,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

impl State {
    pub(super) fn new(config: Config, ledger: Arc<Ledger>) -> Arc<Self> {
        Arc::new(Self {
            config,
            ledger,
            changes: broadcast::Sender::new(CHANGES_KEPT),
            extra_tool: AtomicBool::new(false),
            sessions: Mutex::default(),
        })
    }

    pub(super) fn has_extra_tool(&self) -> bool {
        self.extra_tool.load(Ordering::SeqCst)
    }

    /// Adds the extra tool, or takes it away, and tells whoever listens.
    pub(super) fn change_tools(&self) {
        self.extra_tool.fetch_xor(true, Ordering::SeqCst);
        self.tell(Change::Tools);
    }

    pub(super) fn tell(&self, change: Change) {
        // An error means that nobody of the modern era listens, which is no fault.
        let _nobody = self.changes.send(change);
        for session in self.sessions.lock().expect("no panic under the lock").values() {
            session.tell(change);
        }
    }

    pub(super) fn session(&self, id: &str) -> Option<Arc<Session>> {
        self.sessions.lock().expect("no panic under the lock").get(id).cloned()
    }

    pub(super) fn keep_session(&self, session: &Arc<Session>) {
        let mut sessions = self.sessions.lock().expect("no panic under the lock");
        sessions.insert(session.id().to_owned(), Arc::clone(session));
    }

    pub(super) fn end_session(&self, id: &str) -> Option<Arc<Session>> {
        self.sessions.lock().expect("no panic under the lock").remove(id)
    }
}
