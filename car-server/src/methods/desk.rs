//! What the methods work with, and what of it is there for whom.

use std::sync::Arc;

use car_connectors::ConnectorManager;
use car_connectors::engine::{Clock as _, SystemClock, format_timestamp};
use car_connectors::store::{AccessFile, Home};

use crate::approvals::Approvals;
use crate::notices::{Notice, Notices};
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// The path at which browsers come back from signing in.
pub(crate) const CALLBACK_PATH: &str = "/oauth/callback";

/// What the methods work with.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) manager: ConnectorManager,
    pub(crate) approvals: Approvals,
    pub(crate) access: AccessFile,
    pub(crate) notices: Notices,
    /// The URL, without a path, by which others reach the daemon: what the operator said, else its own.
    pub(crate) url: String,
    /// When the daemon was started, RFC 3339 in UTC.
    pub(crate) started_at: String,
    /// What the operator should know of how the daemon was started.
    pub(crate) warnings: Vec<String>,
    clock: SystemClock,
}

impl Desk {
    /// Sets the desk up, from now on. `url` has no path.
    pub(crate) fn new(
        home: &Home,
        manager: ConnectorManager,
        approvals: Approvals,
        notices: Notices,
        url: &str,
    ) -> Self {
        let clock = SystemClock::new();
        Self {
            manager,
            approvals,
            access: AccessFile::new(home),
            notices,
            url: url.trim_end_matches('/').to_owned(),
            started_at: format_timestamp(clock.now()),
            warnings: Vec::new(),
            clock,
        }
    }

    /// Returns what a visitor who sees everything should know and need not act on at once.
    pub(crate) fn all_warnings(&self) -> Vec<String> {
        self.warnings.iter().cloned().chain(self.manager.warnings()).collect()
    }

    /// Follows what other processes changed in the state folder, and tells the front ends.
    ///
    /// # Errors
    /// Says what cannot be read; everything stays as it was then.
    pub(crate) async fn reload(&self) -> Result<(), car_connectors::Error> {
        self.manager.reload().await?;
        let approvals = self.approvals.clone();
        // It reads a file.
        drop(tokio::task::spawn_blocking(move || approvals.look_again()).await);
        self.notices.tell(Notice::PolicyChanged {});
        self.notices.tell(Notice::AccessChanged {});
        Ok(())
    }

    /// Returns where browsers come back from signing in, where the front end has no page of its own for that.
    pub(crate) fn callback_url(&self) -> String {
        format!("{}{CALLBACK_PATH}", self.url)
    }

    /// Returns the time in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        let since = self.clock.now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    }

    /// Returns the slugs of the connectors that are there for somebody.
    pub(super) async fn slugs(&self, visitor: &Visitor) -> Result<Vec<String>, RpcError> {
        let known = self.manager.list().await?.into_iter().map(|known| known.slug);
        Ok(known.filter(|slug| visitor.sees(slug)).collect())
    }

    /// Says that there is no such connector, in the same words whether it is somebody else's or nobody's.
    pub(super) async fn missing(&self, visitor: &Visitor, slug: &str) -> RpcError {
        match self.slugs(visitor).await {
            Ok(known) => RpcError::no_connector(slug, &known),
            Err(error) => error,
        }
    }
}

/// Runs what may block, such as a change to a file that other processes lock.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RpcError> {
    let failed = |error| RpcError::internal(format!("the work was not finished: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// The desk, as everybody has it.
pub(crate) type SharedDesk = Arc<Desk>;
