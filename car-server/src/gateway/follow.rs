//! Keeps the endpoints in line with the connectors, and connectors' servers with what clients watch.

use std::time::Duration;

use car_connectors::ConnectorEvent;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

use super::{Gateway, Watched};

/// How long after a change the lists are made anew: changes come in groups, such as those of one look at the manifest.
/// It is clients that listen who wait for that; a request brings the lists in line itself.
const SETTLES: Duration = Duration::from_millis(20);

impl Gateway {
    /// Follows the connectors, and what clients watch, until the manager is gone. Calls that wait for a client for too long
    /// are given up by it too.
    ///
    /// # Cancel safety
    /// Can be dropped at any time; nothing is followed any more then.
    pub(crate) async fn follow(self) {
        let mut events = self.manager().subscribe();
        let mut opened = self.0.opened.subscribe();
        let mut watching = FuturesUnordered::new();
        watching.push(changed(self.0.all.server().watched_resources()));
        self.refresh().await;
        let parked = self.parked();
        let expiring = parked.expire();
        tokio::pin!(expiring);
        let mut due: Option<Instant> = None;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    None => return,
                    Some(ConnectorEvent::ResourceUpdated { slug, uri }) => self.tell_updated(&slug, &uri),
                    Some(_) => due = due.or_else(|| Some(Instant::now() + SETTLES)),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    due = None;
                    self.refresh().await;
                }
                Some(watched) = watching.next(), if !watching.is_empty() => {
                    // Nothing where the endpoint is gone.
                    watching.extend(watched.map(changed));
                    self.manager().watch_resources(self.watched());
                }
                Ok(watched) = opened.recv() => watching.push(changed(watched)),
                () = &mut expiring => {}
            }
        }
    }
}

/// Waits until something else is watched; nothing where the endpoint is gone.
async fn changed(mut watched: Watched) -> Option<Watched> {
    watched.changed().await.ok().map(|()| watched)
}
