//! The running server, as a test holds it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::config::Config;
use super::dispatch::answer;
use super::state::{Change, State};
use crate::ledger::Ledger;
use crate::loopback::Loopback;

/// A server on the loopback address. Dropping it stops it.
#[derive(Debug)]
pub struct Double {
    state: Arc<State>,
    address: SocketAddr,
    running: Option<Loopback>,
}

impl Double {
    /// Starts the server and returns once it accepts connections.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(config: Config) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let state = State::new(config, Arc::default());
        let running = listen(address, &state).await?;
        Ok(Self { address: running.address(), state, running: Some(running) })
    }

    /// Returns the URL of the endpoint that speaks every revision.
    pub fn url(&self) -> String {
        self.url_of("/mcp")
    }

    /// Returns the URL of the event stream of the 2024 transport.
    pub fn sse_url(&self) -> String {
        self.url_of("/sse")
    }

    /// Returns the address listened on; it stays the same after a restart.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what reached the server, over all restarts.
    pub fn ledger(&self) -> &Ledger {
        &self.state.ledger
    }

    /// Adds the tool `extra`, or takes it away, and tells whoever listens.
    pub fn change_tools(&self) {
        self.state.change_tools();
    }

    /// Tells whoever subscribed to `test://watched` that it was updated.
    pub fn update_resource(&self) {
        self.state.tell(Change::Resource);
    }

    /// Ends every subscription in good order.
    pub fn end_subscriptions(&self) {
        self.state.tell(Change::End);
    }

    /// Closes the listener and every connection at once, as a crash would.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Starts again on the same port, with no memory of any session.
    ///
    /// # Errors
    /// When another program took the port meanwhile.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.stop().await;
        self.state = State::new(self.state.config.clone(), Arc::clone(&self.state.ledger));
        self.running = Some(listen(self.address, &self.state).await?);
        Ok(())
    }

    fn url_of(&self, path: &str) -> String {
        let scheme = if self.state.config.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }
}

async fn listen(address: SocketAddr, state: &Arc<State>) -> io::Result<Loopback> {
    let (tls, ledger, state) = (state.config.tls.clone(), Arc::clone(&state.ledger), Arc::clone(state));
    Loopback::serve_http(address, tls, ledger, move |request| answer(Arc::clone(&state), request)).await
}
