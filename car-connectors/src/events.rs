//! What happens to connectors, for whoever shows them.

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
pub(crate) struct Hub(broadcast::Sender<ConnectorEvent>);

impl Hub {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(WAITING_EVENTS).0)
    }

    pub(crate) fn subscribe(&self) -> ConnectorEvents {
        ConnectorEvents(self.0.subscribe())
    }

    pub(crate) fn publish(&self, event: ConnectorEvent) {
        // An error says that nobody listens at the moment, which is no fault.
        drop(self.0.send(event));
    }
}
