//! The lists that a server lets be kept, until they are stale or the server says that they changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use car_mcp_proto::cache::CacheScope;
use car_mcp_proto::prompt::Prompt;
use car_mcp_proto::resource::{Resource, ResourceTemplate};
use car_mcp_proto::tool::Tool;
use tokio::time::Instant;

use super::events::Event;
use super::lists::Listing;

/// Where a list is kept.
pub(crate) type Slot<T> = Mutex<Option<Fresh<T>>>;

/// A list that may still be served.
pub(crate) struct Fresh<T> {
    pub(crate) listing: Arc<Listing<T>>,
    pub(crate) until: Instant,
    pub(crate) scope: Option<CacheScope>,
    pub(crate) authorization: u64,
}

/// Holds the lists that the server said stay fresh.
#[derive(Default)]
pub(crate) struct ListCache {
    pub(crate) tools: Slot<Tool>,
    pub(crate) prompts: Slot<Prompt>,
    pub(crate) resources: Slot<Resource>,
    pub(crate) templates: Slot<ResourceTemplate>,
    /// Counts what was forgotten, so that a list which was read meanwhile is not kept.
    changes: AtomicU64,
}

impl ListCache {
    /// Counts what was forgotten up to now.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        forget(&self.tools);
        forget(&self.prompts);
        forget(&self.resources);
        forget(&self.templates);
    }

    /// Forgets what an event says is out of date.
    pub(crate) fn handle_event(&self, event: &Event) {
        if !matches!(event, Event::ResourceUpdated { .. }) {
            self.changes.fetch_add(1, Ordering::AcqRel);
        }
        match event {
            Event::ToolsChanged => forget(&self.tools),
            Event::PromptsChanged => forget(&self.prompts),
            Event::ResourcesChanged => {
                forget(&self.resources);
                forget(&self.templates);
            }
            Event::Missed => self.clear(),
            Event::ResourceUpdated { .. } => {}
        }
    }
}

fn forget<T>(slot: &Slot<T>) {
    *slot.lock().expect("nothing panics while it holds a list") = None;
}
