//! What happens to connectors, for whoever shows them.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::broadcast::{self, error::RecvError};

use crate::status::ConnectorState;

/// How many events wait for a slow listener before the oldest are dropped.
const WAITING_EVENTS: usize = 256;

/// Something that happened to a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectorEvent {
    /// It was added.
    Added {
        /// Its slug.
        slug: String,
    },
    /// It was removed.
    Removed {
        /// Its slug.
        slug: String,
    },
    /// It stands differently.
    StateChanged {
        /// Its slug.
        slug: String,
        /// How it stands now.
        state: ConnectorState,
    },
    /// Its tools, or which of them are enabled, changed.
    ToolsChanged {
        /// Its slug.
        slug: String,
    },
    /// The definitions of enabled tools are not what the person agreed to; those tools are out of service.
    DefinitionsChanged {
        /// The connector's slug.
        slug: String,
        /// The tools, by the server's names for them.
        tools: Vec<String>,
    },
    /// Its prompts, resources or templates, or whether they are passed on, changed.
    SharedChanged {
        /// Its slug.
        slug: String,
    },
    /// A resource that somebody watches changed.
    ResourceUpdated {
        /// The connector's slug.
        slug: String,
        /// The resource's URI.
        uri: String,
    },
    /// The listener was too slow and missed some.
    Missed,
}

/// Events, one after the other.
#[derive(Debug)]
pub struct ConnectorEvents(broadcast::Receiver<ConnectorEvent>);

impl ConnectorEvents {
    /// Waits for the next event; nothing when the manager is gone.
    ///
    /// # Cancel safety
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<ConnectorEvent> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(ConnectorEvent::Missed),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Where events are published.
#[derive(Debug)]
pub(crate) struct Hub {
    events: broadcast::Sender<ConnectorEvent>,
    /// Counts what was published, but for changes of resources: they change nothing about the connectors.
    revision: AtomicU64,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { events: broadcast::channel(WAITING_EVENTS).0, revision: AtomicU64::new(1) }
    }

    pub(crate) fn subscribe(&self) -> ConnectorEvents {
        ConnectorEvents(self.events.subscribe())
    }

    pub(crate) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    pub(crate) fn publish(&self, event: ConnectorEvent) {
        if !matches!(event, ConnectorEvent::ResourceUpdated { .. }) {
            self.revision.fetch_add(1, Ordering::Release);
        }
        // An error says that nobody listens at the moment, which is no fault.
        drop(self.events.send(event));
    }
}
