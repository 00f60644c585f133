//! What goes on beside the routes for as long as the daemon serves. Dropping it ends it.

use std::sync::Arc;
use std::time::Duration;

use car_connectors::ConnectorEvent;
use car_connectors::store::Home;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::methods::SharedDesk;
use crate::notices::{Notice, Notices};
use crate::routes::Shared;
use crate::watch::{self, Reload};

/// How long after front ends were told of new records they are not told of more: four times a second is live enough for a
/// person.
const TELL_AGAIN: Duration = Duration::from_millis(250);

/// What goes on beside the routes.
pub(crate) struct Housekeeping {
    _tasks: JoinSet<()>,
}

impl Housekeeping {
    pub(crate) fn begin(home: &Home, shared: &Arc<Shared>, appended: Arc<Notify>, reload: Reload) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(tell_of_records(shared.desk.notices.clone(), appended));
        tasks.spawn(note_changes(Arc::clone(&shared.desk)));
        tasks.spawn(shared.gateway.clone().follow());
        tasks.spawn(watch::follow(home.clone(), Arc::clone(shared), reload));
        Self { _tasks: tasks }
    }
}

/// Tells front ends that there are new records.
async fn tell_of_records(notices: Notices, appended: Arc<Notify>) {
    loop {
        appended.notified().await;
        notices.tell(Notice::EventsAppended {});
        tokio::time::sleep(TELL_AGAIN).await;
    }
}

/// Notes how connectors stand, for whoever reads the log, and forgets with a connector what was agreed to for it.
async fn note_changes(desk: SharedDesk) {
    let mut events = desk.manager.subscribe();
    while let Some(event) = events.next().await {
        match event {
            ConnectorEvent::Added { slug } => tracing::info!(connector = %slug, "added"),
            ConnectorEvent::Removed { slug } => {
                desk.approvals.forget(&slug);
                tracing::info!(connector = %slug, "removed");
            }
            ConnectorEvent::StateChanged { slug, state } => {
                tracing::info!(connector = %slug, state = state.as_str(), "stands differently");
            }
            ConnectorEvent::DefinitionsChanged { slug, tools } => {
                tracing::warn!(connector = %slug, ?tools, "tools changed, and are out of service until approved");
            }
            _ => {}
        }
    }
}
