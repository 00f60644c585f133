//! What the server knows: its settings, its key, and every code, token and client it gave out.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use serde_json::Value;
use tokio::time::Instant;

use super::config::AuthorityConfig;
use super::device::Waiting;
use super::jwt::SigningKey;
use super::ledger::AuthorityLedger;
use super::people::{Account, Client};
use crate::ledger::Ledger;

/// What a user, or a client for itself, agreed to. Every token descends from one.
#[derive(Clone, Debug, Default)]
pub(super) struct Grant {
    /// All tokens of one consent share it, and are revoked together.
    pub(super) family: u64,
    pub(super) client: String,
    /// `None` when a client acts for itself.
    pub(super) account: Option<Account>,
    pub(super) scope: String,
    pub(super) resource: Option<String>,
    /// The thumbprint of the key that the tokens are bound to (RFC 9449 §6).
    pub(super) thumbprint: Option<String>,
}

#[derive(Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    /// The S256 challenge.
    pub(super) challenge: String,
    /// OpenID Connect's `nonce`, which the ID token repeats.
    pub(super) nonce: Option<String>,
    pub(super) expires: Instant,
    pub(super) is_spent: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) grant: Grant,
    /// `None`: lasts.
    pub(super) expires: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Refresh {
    pub(super) grant: Grant,
    /// When it was used, and what was answered.
    pub(super) spent: Option<(Instant, Value)>,
}

/// What changes with every request.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) clients: HashMap<String, Client>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) access: HashMap<String, Access>,
    pub(super) refresh: HashMap<String, Refresh>,
    /// Authorization requests whose page is being looked at, by the number that the button sends.
    pub(super) pages: HashMap<String, Vec<(String, String)>>,
    /// By device code.
    pub(super) devices: HashMap<String, Waiting>,
    pub(super) revoked: HashSet<u64>,
    /// The `jti` of every proof and assertion taken.
    pub(super) proofs: HashSet<String>,
    /// The nonce that proofs must carry now.
    pub(super) nonce: String,
    families: u64,
}

impl Memory {
    pub(super) fn new_family(&mut self) -> u64 {
        self.families += 1;
        self.families
    }

    /// Returns the access token's grant while the token is good.
    pub(super) fn live(&self, token: &str) -> Option<&Access> {
        let access = self.access.get(token)?;
        let in_time = access.expires.is_none_or(|expires| Instant::now() < expires);
        (in_time && !self.revoked.contains(&access.grant.family)).then_some(access)
    }
}

#[derive(Debug)]
pub(super) struct State {
    config: Mutex<AuthorityConfig>,
    memory: Mutex<Memory>,
    pub(super) ledger: AuthorityLedger,
    /// What the listener counts.
    pub(super) connections: Arc<Ledger>,
    pub(super) key: SigningKey,
    /// Known once the listener is bound.
    pub(super) origin: OnceLock<String>,
}

impl State {
    pub(super) fn new(config: AuthorityConfig) -> Arc<Self> {
        let memory = Memory { nonce: secret("nonce"), ..Memory::default() };
        Arc::new(Self {
            config: Mutex::new(config),
            memory: Mutex::new(memory),
            ledger: AuthorityLedger::default(),
            connections: Arc::default(),
            key: SigningKey::generate(),
            origin: OnceLock::new(),
        })
    }

    /// The settings as they are now; a request works with one copy from its start to its end.
    pub(super) fn config(&self) -> AuthorityConfig {
        self.config.lock().expect("no panic under the lock").clone()
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut AuthorityConfig)) {
        change(&mut self.config.lock().expect("no panic under the lock"));
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("no panic under the lock")
    }

    pub(super) fn origin(&self) -> &str {
        self.origin.get().expect("requests come after the port is known")
    }

    /// Returns a client by its id: one known beforehand, one that registered, or one that is a document.
    pub(super) fn client(&self, config: &AuthorityConfig, id: &str) -> Option<Client> {
        if let Some(client) = config.clients.iter().find(|client| client.id == id) {
            return Some(client.clone());
        }
        if let Some(client) = self.memory().clients.get(id) {
            return Some(client.clone());
        }
        let is_document = config.client_id_documents && id.starts_with("https://");
        is_document.then(|| Client::public(id, &[]))
    }
}

/// A fresh unguessable text that says what it is, so that a test can look for it where it must not be.
pub(super) fn secret(kind: &str) -> String {
    format!("{kind}-{:032x}", rand::random::<u128>())
}
