//! From what the manifest says to a session: the connector resolved, its secrets fetched, its server dialed or started.
//!
//! ```text
//!  Connector (as written) ─▶ DialPlan ─┬─ RemotePlan (target, headers) ─▶ HttpTransport ──┬─▶ Session
//!                                      └─ LocalPlan (command, variables) ─▶ StdioTransport ┘
//! ```

mod local;
mod remote;

use std::sync::Arc;
use std::time::Duration;

use car_connectors_store::{Connector, SecretStore};
use car_http::Client;
use car_mcp::{Session, SessionBuilder};
use car_mcp_http::Credentials;

use crate::error::{Error, ErrorKind};
use crate::options::Variables;

pub(crate) use local::{LocalPlan, LocalServers, ServerLogTask};
pub(crate) use remote::RemotePlan;

/// What all connectors are dialed with.
pub(crate) struct Dialer {
    pub(crate) client: Client,
    pub(crate) session: SessionBuilder,
    pub(crate) max_body_bytes: Option<usize>,
    pub(crate) local: LocalServers,
}

/// Everything that one connector needs to be dialed or started.
pub(crate) enum DialPlan {
    Remote(RemotePlan),
    Local(LocalPlan),
}

/// A session as it was made.
pub(crate) struct Reached {
    pub(crate) session: Session,
    /// Keeps what a local server writes to its standard error.
    pub(crate) log: Option<ServerLogTask>,
}

impl DialPlan {
    /// Resolves a connector of the manifest. Blocks on the keychain, if the connector has secrets.
    pub(crate) fn resolve(
        connector: &Connector,
        secrets: &SecretStore,
        variables: &Variables,
    ) -> Result<Self, Error> {
        match &connector.stdio {
            Some(command) => LocalPlan::resolve(&connector.slug, command, secrets).map(Self::Local),
            None => RemotePlan::resolve(connector, secrets, variables).map(Self::Remote),
        }
    }

    /// Tells whether a header of the user says who asks: then nothing else does.
    pub(crate) fn has_authorization(&self) -> bool {
        matches!(self, Self::Remote(remote) if remote.has_authorization())
    }

    /// Tells whether who asks can be proven by a sign-in.
    pub(crate) fn takes_credentials(&self) -> bool {
        matches!(self, Self::Remote(remote) if !remote.has_authorization())
    }

    /// Lets somebody prove who asks.
    pub(crate) fn with_credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        match self {
            Self::Remote(remote) => Self::Remote(remote.with_credentials(credentials)),
            local @ Self::Local(_) => local,
        }
    }

    /// Dials with another client than all others are dialed with.
    pub(crate) fn with_client(self, client: Client) -> Self {
        match self {
            Self::Remote(remote) => Self::Remote(remote.with_client(client)),
            local @ Self::Local(_) => local,
        }
    }

    /// Dials or starts the server, and makes the handshake.
    pub(crate) async fn dial(self, slug: &str, dialer: &Dialer) -> Result<Reached, Error> {
        match self {
            Self::Remote(remote) => Ok(Reached { session: remote.dial(slug, dialer).await?, log: None }),
            Self::Local(local) => local.start(slug, dialer).await,
        }
    }
}

/// Makes a session within the time that a project lets it take.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    slug: &str,
    reaching: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(limit) = limit else { return reaching.await };
    tokio::time::timeout(limit, reaching).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::TimedOut, "the server did not answer in time")
            .of(slug)
            .hinted("try again, or raise startup_timeout_sec in the project's file"))
    })
}

/// Takes seconds that a file gives as a time. What is none was refused when the file was read.
pub(crate) fn seconds(seconds: Option<f64>) -> Option<Duration> {
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}
