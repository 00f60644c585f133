//! The daemon's life: it takes the state folder, listens, serves, and ends in good order.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use car_connectors::store::{AccessFile, DaemonAddress, DaemonLock, Home};
use car_connectors::{ConnectorManager, ManagerOptions};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::access::{Access, Place, new_token, now};
use crate::approvals::{Answer, Approvals};
use crate::error::Error;
use crate::gateway::{self, Gateway, McpSessions};
use crate::housekeeping::Housekeeping;
use crate::methods::Desk;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::options::DaemonOptions;
use crate::port;
use crate::routes::{self, Shared};
use crate::watch::Reload;

/// How long calls that are under way may take when the daemon stops, and front ends to be told.
const GRACE: Duration = Duration::from_secs(10);

/// How long servers may take to hear that their sessions are over.
const FAREWELL: Duration = Duration::from_secs(2);

/// The one daemon of a state folder. It listens from the moment it is started, and answers from the moment it serves.
pub struct Daemon {
    listener: TcpListener,
    lock: DaemonLock,
    announced: DaemonAddress,
    shared: Arc<Shared>,
    /// Told of each new record of the event log.
    appended: Arc<Notify>,
    reload: Reload,
    home: Home,
}

impl Daemon {
    /// Becomes the daemon of a state folder: listens, loads the connectors, and writes its address and token where programs
    /// of this user find them. `manager` says how connectors are managed; who approves, who answers servers' questions and
    /// who is told of events is the daemon itself.
    ///
    /// # Errors
    /// [`Error::State`] where there is a daemon already or the folder cannot be used, [`Error::Listen`],
    /// [`Error::Connectors`], [`Error::Exposed`] and [`Error::Setting`].
    ///
    /// # Cancel safety
    /// Dropping the future leaves no daemon.
    pub async fn start(home: &Home, manager: ManagerOptions, options: DaemonOptions) -> Result<Self, Error> {
        Place::check(&options)?;
        let state = |source| Error::State { source };
        let lock = DaemonLock::acquire(home).map_err(state)?;
        let known = DaemonAddress::read(home).map_err(state)?;
        let listen = |source| Error::Listen { address: options.listen.clone(), source };
        let listener = TcpListener::bind(&options.listen).await.map_err(listen)?;
        let place = Place::new(listener.local_addr().map_err(listen)?, &options)?;
        let mut announced = known.unwrap_or_else(|| DaemonAddress::new(new_token()));
        announced.url = Some(place.own().to_owned());
        let access = Access::new(place, &announced.token, AccessFile::new(home));
        let appended = Arc::new(Notify::new());
        let shared = assemble(home, manager, &options, access, &appended).await?;
        lock.announce(&announced).map_err(state)?;
        Ok(Self {
            listener,
            lock,
            announced,
            shared,
            appended,
            reload: Reload::default(),
            home: home.clone(),
        })
    }

    /// Returns the URL without a path, for programs of this machine.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.access.place().own()
    }

    /// Returns the URL of the endpoint for MCP clients, as others reach it.
    #[must_use]
    pub fn mcp_url(&self) -> String {
        self.shared.access.place().mcp_url()
    }

    /// Returns the sessions of its legacy MCP clients.
    #[must_use]
    pub fn mcp_sessions(&self) -> McpSessions {
        McpSessions::new(self.shared.gateway.clone())
    }

    /// Returns what asks the daemon to look at its state folder while it serves: for a signal to reload. What programs of
    /// this project change there is seen without.
    #[must_use]
    pub fn reloader(&self) -> Reload {
        self.reload.clone()
    }

    /// Serves until `shutdown` is ready. Then nobody is let in any more, front ends and MCP clients are told, calls that are
    /// under way have ten seconds to end, and the sessions of the connectors are ended.
    ///
    /// # Errors
    /// [`Error::State`] where it cannot be noted that there is no daemon any more.
    ///
    /// # Cancel safety
    /// Dropping the future ends the daemon at once: connections are cut, calls are cancelled.
    pub async fn serve_until(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let Self { listener, lock, mut announced, shared, appended, reload, home } = self;
        tracing::info!(url = shared.access.place().own(), mcp = shared.access.place().mcp_url(), "serving");
        let housekeeping = Housekeeping::begin(&home, &shared, appended, reload);
        let router = routes::router(Arc::clone(&shared));
        let served = port::serve(listener, router, shared.stopping.subscribe());
        let mut ended = pin!(async {
            served.await;
            // Each front end holds a receiver until it is over.
            shared.stopping.closed().await;
        });
        tokio::select! {
            () = shutdown => {}
            // It ends when it is told to, which is below.
            () = &mut ended => {}
        }
        tracing::info!("stopping");
        shared.stopping.send_replace(());
        shared.gateway.close();
        refuse_waiting(shared.desk.approvals.clone()).await;
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("cut what did not end in time");
        }
        drop(housekeeping);
        drop(tokio::time::timeout(FAREWELL, shared.desk.manager.close()).await);
        announced.url = None;
        lock.announce(&announced).map_err(|source| Error::State { source })?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Makes what the routes have at hand.
async fn assemble(
    home: &Home,
    manager: ManagerOptions,
    options: &DaemonOptions,
    access: Access,
    appended: &Arc<Notify>,
) -> Result<Arc<Shared>, Error> {
    let notices = Notices::new();
    let approvals = Approvals::new(home, notices.clone(), options.patience);
    let metrics = Arc::new(Metrics::new(now()));
    let (counted, told) = (Arc::clone(&metrics), Arc::clone(appended));
    let manager = manager
        .with_approver(Arc::new(approvals.clone()))
        .with_handler(gateway::handler())
        .with_listening()
        .with_event_observer(move |record| {
            counted.note(record);
            told.notify_one();
        });
    let manager = ConnectorManager::load(manager)
        .await
        .map_err(|source| Error::Connectors { source: Box::new(source) })?;
    let gateway = Gateway::new(manager.clone());
    // Whoever connects first finds what is enabled.
    gateway.refresh().await;
    let mut desk = Desk::new(home, manager, approvals, notices, access.place().url());
    if !Place::is_of_this_machine(options) {
        let text = "other machines can reach the daemon, and it speaks no TLS: let only a proxy with TLS reach its port";
        desk.warnings.push(text.to_owned());
    }
    Ok(Arc::new(Shared { access, desk: Arc::new(desk), gateway, metrics, stopping: watch::Sender::new(()) }))
}

/// Lets go of calls that wait for a person, who cannot be waited for any more.
async fn refuse_waiting(approvals: Approvals) {
    let refused = tokio::task::spawn_blocking(move || {
        for pending in approvals.pending() {
            if let Err(error) = approvals.answer(&pending.id, Answer::Deny, "the daemon, which stops") {
                tracing::warn!(%error, "a call that waited could not be refused");
            }
        }
    });
    drop(refused.await);
}

impl fmt::Debug for Daemon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Daemon").field("place", self.shared.access.place()).finish_non_exhaustive()
    }
}
