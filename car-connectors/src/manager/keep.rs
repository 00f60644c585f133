//! Keeping in step: with what other processes change, and with the servers themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use car_connectors_store::Connector;

use super::ConnectorManager;
use crate::error::Error;

impl ConnectorManager {
    /// Looks at the state folder now, and follows what other processes changed there: for whoever is told that files
    /// changed. Events say what came of it. No server is contacted; [`ConnectorManager::connect_enabled`] does that.
    ///
    /// # Errors
    /// Says what cannot be read; everything stays as it was then.
    pub async fn reload(&self) -> Result<(), Error> {
        self.inner.manifest().await.map(drop)
    }

    /// Dials all connectors that have something to pass on, all at once, and lists what they share. One that is connected
    /// already, and whose lists are known, is not contacted. What goes wrong is in their status, and no error here.
    ///
    /// # Errors
    /// Says why the state cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the dials that have not come to their end.
    pub async fn connect_enabled(&self) -> Result<(), Error> {
        let seen = self.inner.manifest().await?;
        let mut dialing = tokio::task::JoinSet::new();
        for connector in seen.connectors().iter().filter(|connector| passes_on(connector)) {
            let (inner, slug) = (Arc::clone(&self.inner), connector.slug.clone());
            // They run side by side, and end with this future.
            dialing.spawn(async move { inner.reach(&slug).await });
        }
        while dialing.join_next().await.is_some() {}
        Ok(())
    }

    /// Sets which resources somebody watches, in place of those before: their servers are asked to tell when they change.
    /// Does nothing unless the manager listens ([`ManagerOptions::with_listening`](crate::ManagerOptions::with_listening)).
    pub fn watch_resources(&self, uris: BTreeSet<String>) {
        self.inner.watched.send_if_modified(|watched| {
            let is_new = **watched != uris;
            if is_new {
                *watched = Arc::new(uris);
            }
            is_new
        });
    }
}

/// Tells whether there is anything of a connector that others can use.
fn passes_on(connector: &Connector) -> bool {
    !connector.enabled_tools.is_empty() || connector.shares_prompts || connector.shares_resources
}
