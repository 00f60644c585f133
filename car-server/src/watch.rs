//! Follows what other processes change in the state folder, as it happens.
//!
//! ```text
//!  the system's file watch ─┐
//!  a clock ─────────────────┼─▶ look at the stamps of the files ─▶ what changed ─▶ manager, approvals, access, front ends
//!  SIGHUP ──────────────────┘
//! ```
//!
//! What changed is told by the files' stamps alone. The system's watch only says when to look: where it says nothing, as on
//! file systems of other machines, or cannot be had, it is looked now and then.

use std::sync::Arc;
use std::time::Duration;

use car_connectors::ConnectorManager;
use car_connectors::store::{Home, Stamp};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::notices::Notice;
use crate::routes::Shared;

/// How long after a sign of a change it is looked: one change is several signs, and some files change together.
const SETTLES: Duration = Duration::from_millis(30);

/// How often it is looked where the system tells of changes, in case that it does not tell of all.
const PERIOD: Duration = Duration::from_secs(5);

/// How often it is looked where the system tells of none.
const PERIOD_UNTOLD: Duration = Duration::from_secs(1);

/// How many rounds of dialing go on at once. Each ends when its slowest connector has been given up.
const MAX_DIALS: usize = 8;

/// Asks a daemon to look at its state folder, whether something seems to have changed there or not. Clones ask the same one.
#[derive(Clone, Debug, Default)]
pub struct Reload(Arc<Notify>);

impl Reload {
    /// Asks it. Returns at once.
    pub fn reload(&self) {
        self.0.notify_one();
    }
}

/// What stands in the state folder, as far as it can be told without reading it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stamps {
    manifest: Option<Stamp>,
    pins: Option<Stamp>,
    policy: Option<Stamp>,
    access: Option<Stamp>,
    grants: Option<Stamp>,
    sources: Option<Stamp>,
}

impl Stamps {
    fn of(home: &Home) -> Self {
        let look = |path: std::path::PathBuf| match Stamp::of(&path) {
            Ok(stamp) => stamp,
            Err(error) => {
                tracing::debug!(%error, "a file cannot be looked at");
                None
            }
        };
        Self {
            manifest: look(home.manifest_path()),
            pins: look(home.pins_path()),
            policy: look(home.policy_path()),
            access: look(home.access_path()),
            grants: look(home.grants_path()),
            sources: look(home.sources_path()),
        }
    }
}

/// The system's watch over the folders, until it is dropped.
struct Signs {
    watcher: Option<RecommendedWatcher>,
    has_pins: bool,
}

impl Signs {
    fn begin(home: &Home, sign: &Arc<Notify>) -> Self {
        let sign = Arc::clone(sign);
        let told = move |event: notify::Result<Event>| {
            // Files are read all the time. What else there is to tell, and that something was not told, is a sign.
            if !event.is_ok_and(|event| event.kind.is_access() && !is_written(event.kind)) {
                sign.notify_one();
            }
        };
        let watched = notify::recommended_watcher(told).and_then(|mut watcher| {
            // Not what is below: the event log grows all the time.
            watcher.watch(home.path(), RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = watched.inspect_err(|error| {
            tracing::warn!(%error, "the state folder cannot be watched; it is looked at every second");
        });
        let mut signs = Self { watcher: watcher.ok(), has_pins: false };
        signs.watch_pins(home);
        signs
    }

    /// Watches over the folder of pins, which may come later.
    fn watch_pins(&mut self, home: &Home) {
        let path = home.pins_path();
        if let Some(watcher) = self.watcher.as_mut().filter(|_| !self.has_pins && path.is_dir()) {
            self.has_pins = watcher.watch(&path, RecursiveMode::NonRecursive).is_ok();
        }
    }

    const fn period(&self) -> Duration {
        if self.watcher.is_some() { PERIOD } else { PERIOD_UNTOLD }
    }
}

/// Tells whether a file was closed that had been written to.
const fn is_written(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(AccessKind::Close(AccessMode::Write)))
}

/// Follows the state folder for as long as the future lives.
pub(crate) async fn follow(home: Home, shared: Arc<Shared>, reload: Reload) {
    let sign = Arc::new(Notify::new());
    let mut signs = Signs::begin(&home, &sign);
    // What changed since the manager was loaded is seen now.
    let mut before = Stamps::of(&home);
    let mut dials = Dials::default();
    look_at_connectors(&shared, &mut dials).await;
    loop {
        let is_asked = tokio::select! {
            () = reload.0.notified() => true,
            () = sign.notified() => {
                tokio::time::sleep(SETTLES).await;
                false
            }
            () = tokio::time::sleep(signs.period()) => false,
        };
        signs.watch_pins(&home);
        let now = Stamps::of(&home);
        if is_asked {
            tracing::info!("looking at the state folder, as asked");
        }
        if now != before || is_asked {
            act(&shared, &before, &now, is_asked, &mut dials).await;
            before = now;
        }
    }
}

/// Lets everybody know whom it concerns.
async fn act(shared: &Shared, before: &Stamps, now: &Stamps, is_asked: bool, dials: &mut Dials) {
    if is_asked || now.manifest != before.manifest || now.pins != before.pins || now.sources != before.sources
    {
        look_at_connectors(shared, dials).await;
    }
    if is_asked || now.policy != before.policy {
        tracing::debug!("the policy is read again");
        shared.desk.notices.tell(Notice::PolicyChanged {});
    }
    if is_asked || now.access != before.access {
        shared.access.look_again();
    }
    if is_asked || now.grants != before.grants {
        let approvals = shared.desk.approvals.clone();
        // It reads a file.
        drop(tokio::task::spawn_blocking(move || approvals.look_again()).await);
    }
    if is_asked || now.access != before.access || now.grants != before.grants {
        shared.desk.notices.tell(Notice::AccessChanged {});
    }
}

/// Follows the manifest, and dials what has something to pass on: its lists are there before somebody asks for them.
async fn look_at_connectors(shared: &Shared, dials: &mut Dials) {
    let manager = &shared.desk.manager;
    match manager.reload().await {
        Ok(()) => dials.begin(manager.clone()),
        Err(error) => {
            tracing::warn!(%error, "what changed in the state folder cannot be followed; everything stays as it was");
        }
    }
}

/// Connectors that are being dialed, where it holds up nobody: one that hangs takes as long as a dial may.
#[derive(Default)]
struct Dials(JoinSet<()>);

impl Dials {
    fn begin(&mut self, manager: ConnectorManager) {
        while self.0.try_join_next().is_some() {}
        if self.0.len() >= MAX_DIALS {
            // They are dialed when they are first used.
            return;
        }
        self.0.spawn(async move {
            if let Err(error) = manager.connect_enabled().await {
                tracing::warn!(%error, "the connectors cannot be dialed");
            }
        });
    }
}
