//! The running authorization server, as a test holds it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;

use super::config::AuthorityConfig;
use super::device::{Decision, decide};
use super::ledger::{AuthorityLedger, Endpoint, Seen};
use super::protection::{Protection, ProtectionConfig};
use super::route::answer;
use super::state::{State, secret};
use crate::loopback::Loopback;

/// An authorization server on the loopback address. Dropping it stops it.
#[derive(Debug)]
pub struct Authority {
    state: Arc<State>,
    address: SocketAddr,
    running: Option<Loopback>,
}

/// What the server knows about a good access token, as introspection (RFC 7662) would tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Introspected {
    /// `client_id`.
    pub client: String,
    /// `sub`; `None` when a client acts for itself.
    pub subject: Option<String>,
    /// `scope`, space-separated.
    pub scope: String,
    /// The `resource` that the token was asked for.
    pub resource: Option<String>,
    /// `cnf.jkt`: the thumbprint of the key that the token is bound to.
    pub thumbprint: Option<String>,
}

impl Authority {
    /// Starts the server and returns once it accepts connections.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(config: AuthorityConfig) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let scheme = if config.tls.is_some() { "https" } else { "http" };
        let state = State::new(config);
        let running = listen(address, &state).await?;
        let address = running.address();
        state.origin.get_or_init(|| format!("{scheme}://{address}"));
        Ok(Self { state, address, running: Some(running) })
    }

    /// Returns the issuer identifier.
    pub fn issuer(&self) -> String {
        format!("{}{}", self.state.origin(), self.state.config().issuer_path)
    }

    /// Returns what reached the server, over all restarts.
    pub fn ledger(&self) -> &AuthorityLedger {
        &self.state.ledger
    }

    /// Returns the requests to one endpoint, oldest first.
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Seen> {
        self.state.ledger.requests(endpoint)
    }

    /// Returns how many requests reached an endpoint.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.requests(endpoint).len()
    }

    /// Changes the settings; requests that arrive from now on meet the new ones.
    pub fn set(&self, change: impl FnOnce(&mut AuthorityConfig)) {
        self.state.set(change);
    }

    /// Returns a check of tokens, to put in front of an MCP server.
    pub fn protection(&self, config: ProtectionConfig) -> Protection {
        Protection::new(config, Arc::clone(&self.state))
    }

    pub(super) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }

    /// Closes the listener and every connection at once, as a crash would. Codes, tokens and clients are kept.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Starts again on the same port, with everything it knew.
    ///
    /// # Errors
    /// When another program took the port meanwhile.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await;
        self.running = Some(listen(self.address, &self.state).await?);
        Ok(())
    }

    /// Ends the life of every access token given out so far; refresh tokens stay good.
    pub fn expire_access_tokens(&self) {
        for access in self.state.memory().access.values_mut() {
            access.expires = Some(Instant::now());
        }
    }

    /// Revokes every token given out so far, as an administrator would who ends all sessions.
    pub fn revoke_everything(&self) {
        let mut memory = self.state.memory();
        memory.access.clear();
        memory.refresh.clear();
    }

    /// Forgets every client that has registered; those known beforehand stay.
    pub fn forget_clients(&self) {
        self.state.memory().clients.clear();
    }

    /// Demands other nonces from now on, here and at the servers it protects, each its own (RFC 9449 §8.2).
    pub fn change_nonce(&self) {
        self.state.memory().nonce = secret("nonce");
    }

    /// Whether an access token is good now.
    pub fn is_live(&self, access_token: &str) -> bool {
        self.state.memory().live(access_token).is_some()
    }

    /// Returns what a good access token stands for.
    pub fn introspect(&self, access_token: &str) -> Option<Introspected> {
        let memory = self.state.memory();
        let grant = memory.live(access_token)?.grant.clone();
        Some(Introspected {
            client: grant.client,
            subject: grant.account.map(|account| account.subject),
            scope: grant.scope,
            resource: grant.resource,
            thumbprint: grant.thumbprint,
        })
    }

    /// Lets the device with this user code in, as the account of the settings; false when none waits with it.
    pub fn approve_device(&self, user_code: &str) -> bool {
        decide(&self.state, user_code, Decision::Approved(self.state.config().account))
    }

    /// Turns the device with this user code away; false when none waits with it.
    pub fn deny_device(&self, user_code: &str) -> bool {
        decide(&self.state, user_code, Decision::Denied)
    }

    /// Returns the public key that signs ID tokens and identity assertions, as a JWK.
    pub fn jwk(&self) -> Value {
        self.state.key.jwk()
    }

    /// Signs claims with the server's key, for an assertion that a test makes up.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.state.key.sign(header, claims)
    }
}

impl Introspected {
    /// Whether the token carries this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scope.split(' ').any(|found| found == scope)
    }
}

async fn listen(address: SocketAddr, state: &Arc<State>) -> io::Result<Loopback> {
    let (tls, connections, state) = (state.config().tls, Arc::clone(&state.connections), Arc::clone(state));
    Loopback::serve_http(address, tls, connections, move |request| answer(Arc::clone(&state), request)).await
}
