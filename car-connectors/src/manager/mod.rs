//! The manager: what a program does with connectors.

mod agreed;
mod call;
mod change;
mod connect;
mod find;
mod keep;
mod listen;
mod look;
mod offer;
mod pins;
mod project;
mod propose;
mod review;
mod settle;
mod shared;
mod sign_in;
mod sources;
mod tools;
mod view;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use car_connectors_store::{
    GrantsFile, Home, Manifest, ManifestStore, PinFiles, SecretStore, ServerLog, TrustStore,
};
use car_engine::{EventLog, McpToolExecutor, PolicyFile, SystemClock, ToolEntry, ToolRegistry};
use car_http::{Client, ClientBuilder};
use car_mcp::Session;
use car_oauth::driver::UserAgent;
use car_oauth::quirk::Quirks;
use tokio::sync::watch;

pub(crate) use self::agreed::OutOfService;
use self::look::Seen;
use self::project::Project;
pub use self::review::{ProjectReview, ReviewedEntry};
use self::settle::Settled;
use self::sign_in::{KnownAuthorizer, Waiting};
use crate::connector::Live;
use crate::dial::{Dialer, LocalServers};
use crate::discovery::Discovery;
use crate::error::{Error, ErrorKind};
use crate::events::{ConnectorEvents, Hub};
use crate::options::{ManagerOptions, Variables};
use crate::sign_in::RenewTokens;
use crate::status::ConnectorStatus;

/// Adds, lists, enables and calls connectors. Cheap to clone; clones are the same manager.
///
/// Connectors do not wait for each other: one that hangs or fails delays nobody else. What another process changes in
/// the manifest is seen at the next look.
///
/// # Cancel safety
/// Dropping the future of any method leaves everything as it was before or as it is after; a call is cancelled.
#[derive(Clone)]
pub struct ConnectorManager {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) manifest: ManifestStore,
    pub(crate) secrets: Arc<SecretStore>,
    pub(crate) executor: McpToolExecutor,
    pub(crate) dialer: Dialer,
    pub(crate) caller: String,
    pub(crate) live: Mutex<HashMap<String, Arc<Live>>>,
    pub(crate) oauth: OauthOptions,
    pub(crate) authorizers: Mutex<Authorizers>,
    /// Sign-ins whose answer comes to a front end.
    pub(crate) waiting: Mutex<Vec<Waiting>>,
    pub(crate) settled: Mutex<Settled>,
    /// What the engine was last brought in line with, for whoever must not wait for that.
    pub(crate) seen: RwLock<Option<Arc<Seen>>>,
    pub(crate) pins: PinFiles,
    pub(crate) grants: GrantsFile,
    /// Whether sessions are listened to.
    pub(crate) listens: bool,
    /// The resources that somebody watches.
    pub(crate) watched: watch::Sender<Arc<BTreeSet<String>>>,
    pub(crate) trust: TrustStore,
    pub(crate) project_dir: Option<PathBuf>,
    /// What the last look found of the project.
    pub(crate) project: Mutex<Arc<Project>>,
    pub(crate) hub: Hub,
    pub(crate) discovery: Discovery,
    /// For what outlives a borrow: the sessions that the engine holds.
    pub(crate) own: std::sync::Weak<Self>,
}

impl ConnectorManager {
    /// Reads the state folder. No server is contacted.
    ///
    /// # Errors
    /// Says what of the state cannot be read, or which proxy setting cannot be used. Nothing is changed.
    pub async fn load(options: ManagerOptions) -> Result<Self, Error> {
        let http = Client::builder().proxy(options.proxy);
        let client = http.clone().build().map_err(|error| {
            Error::new(ErrorKind::InvalidInput, error.to_string()).hinted("mend the proxy settings")
        })?;
        let quirks = read_quirks(&options.home).await?;
        let local = LocalServers {
            home: options.home.clone(),
            variables: Arc::clone(&options.variables),
            supervisor: options.supervisor,
            idle: options.idle,
        };
        let oauth = OauthOptions {
            home: options.home.clone(),
            client_name: options.sign_in_name,
            metadata_document: options.metadata_document,
            quirks,
            variables: options.variables,
            http,
            agent: options.agent,
            renewer: options.renewer,
        };
        let clock = Arc::new(SystemClock::new());
        let mut log = EventLog::new(options.home.events_path(), options.events, clock.clone());
        if let Some(observer) = options.observer {
            log = log.with_observer(observer);
        }
        let log = Arc::new(log);
        let policy = PolicyFile::new(options.home.policy_path());
        let discovery = Discovery::new(&options.home, clock.clone());
        let mut executor = McpToolExecutor::new(Arc::new(ToolRegistry::new()), policy, log, clock);
        if let Some(approver) = options.approver {
            executor = executor.with_approver(approver);
        }
        let session = Session::builder(options.client).handler(options.handler).limits(options.limits);
        let secrets = match options.keychain {
            Some(keychain) => SecretStore::with_keychain(&options.home, options.secrets, keychain),
            None => SecretStore::new(&options.home, options.secrets),
        };
        let inner = Arc::new_cyclic(|own| Inner {
            manifest: ManifestStore::new(&options.home),
            secrets: Arc::new(secrets),
            oauth,
            authorizers: Mutex::default(),
            waiting: Mutex::default(),
            executor,
            dialer: Dialer { client, session, max_body_bytes: options.max_body_bytes, local },
            caller: options.caller,
            live: Mutex::default(),
            settled: Mutex::default(),
            seen: RwLock::default(),
            pins: PinFiles::new(&options.home),
            grants: GrantsFile::new(&options.home),
            listens: options.listens,
            watched: watch::Sender::default(),
            trust: TrustStore::new(&options.home),
            project_dir: options.project_dir,
            project: Mutex::default(),
            hub: Hub::new(),
            discovery,
            own: own.clone(),
        });
        inner.manifest().await?;
        Ok(Self { inner })
    }

    /// Reads the state folder and dials every connector, all at once. One that fails is no error here: its status
    /// says so.
    ///
    /// # Errors
    /// As [`ConnectorManager::load`].
    pub async fn load_and_connect(options: ManagerOptions) -> Result<Self, Error> {
        let manager = Self::load(options).await?;
        let manifest = manager.inner.manifest().await?;
        let mut dialing = tokio::task::JoinSet::new();
        for connector in manifest.connectors() {
            let (inner, slug) = (Arc::clone(&manager.inner), connector.slug.clone());
            // They run side by side, and end with this future.
            dialing.spawn(async move { inner.connected(&slug).await.map(drop) });
        }
        while let Some(dialed) = dialing.join_next().await {
            if let Ok(Err(error)) = dialed {
                tracing::info!(connector = error.connector(), %error, "a connector could not be dialed");
            }
        }
        Ok(manager)
    }

    /// Lists all connectors: the user's in the order in which they were added, then the project's, also those that are
    /// not trusted or cannot be used. No server is contacted.
    ///
    /// # Errors
    /// Says why the manifest cannot be read.
    pub async fn list(&self) -> Result<Vec<ConnectorStatus>, Error> {
        let manifest = self.inner.manifest().await?;
        let usable = manifest.connectors().iter().map(|connector| self.inner.status_of(connector));
        Ok(usable.chain(self.inner.project().set_aside()).collect())
    }

    /// Tells how one connector stands. No server is contacted.
    ///
    /// # Errors
    /// Says that there is no such connector, or why the manifest cannot be read.
    pub async fn status(&self, slug: &str) -> Result<ConnectorStatus, Error> {
        let manifest = self.inner.manifest().await?;
        match manifest.connector(slug) {
            Some(connector) => Ok(self.inner.status_of(connector)),
            None => {
                let set_aside = self.inner.project().set_aside().find(|status| status.slug == slug);
                set_aside.ok_or_else(|| self.inner.missing(slug, &manifest))
            }
        }
    }

    /// Lists the enabled tools of the connectors that have been dialed, as a model is shown them.
    ///
    /// It is what was so at the last look at the manifest: after another process has changed that, the next
    /// [`ConnectorManager::list`] brings this up to date too.
    pub fn enabled_tool_entries(&self) -> Vec<ToolEntry> {
        self.inner.executor.registry().list().iter().map(|tool| tool.entry().clone()).collect()
    }

    /// Listens to what happens to connectors from now on.
    pub fn subscribe(&self) -> ConnectorEvents {
        self.inner.hub.subscribe()
    }

    /// Returns a number, never 0, that grows with everything that happens to connectors, before whoever did it is told that
    /// it is done. Where it is what it was before [`ConnectorManager::offering`], that is still what is offered.
    pub fn revision(&self) -> u64 {
        self.inner.hub.revision()
    }

    /// Returns the policy.
    pub fn policy(&self) -> &PolicyFile {
        self.inner.executor.policy()
    }

    /// Returns the event log.
    pub fn event_log(&self) -> &EventLog {
        self.inner.executor.log()
    }

    /// Returns what a local server has written to its standard error, as far as it is kept: some thousand lines.
    ///
    /// # Errors
    /// Says that there is no such connector, that it is not a local one, or why the log cannot be read.
    pub async fn server_log(&self, slug: &str) -> Result<Vec<u8>, Error> {
        let connector = self.inner.connector(slug).await?;
        if connector.stdio.is_none() {
            let error = Error::new(ErrorKind::InvalidInput, "only local servers have a log here").of(slug);
            return Err(error.hinted("a remote server's operator has its log"));
        }
        let log = ServerLog::new(&self.inner.oauth.home, slug);
        self.inner.blocking(move |_| Ok(log.read()?)).await
    }

    /// Returns what the user should know and need not act on at once, such as secrets being kept in a file.
    pub fn warnings(&self) -> Vec<String> {
        let fallback = self.inner.secrets.fallback();
        let project = self.inner.project().trouble();
        fallback
            .map(|fallback| {
                format!(
                    "secrets are kept in a file that only you can read, because of the keychain: {}",
                    fallback.reason
                )
            })
            .into_iter()
            .chain(project)
            .collect()
    }

    /// Ends all sessions, and with them the calls under way; servers that keep them are told so. Calls that come later
    /// dial again.
    pub async fn close(&self) {
        let mut closing = tokio::task::JoinSet::new();
        for (slug, live) in self.inner.lives() {
            let Some(connected) = live.disconnect() else { continue };
            self.inner.announce(&slug, &live);
            // A server that does not answer holds up no other's goodbye.
            closing.spawn(async move {
                connected.session.close().await;
                connected.end().await;
            });
        }
        while closing.join_next().await.is_some() {}
    }
}

impl Inner {
    /// Runs what touches files or the keychain where it holds up nobody.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let inner =
            self.own.upgrade().ok_or_else(|| Error::new(ErrorKind::Storage, "the manager is gone"))?;
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(outcome) => outcome,
            Err(error) => {
                Err(Error::new(ErrorKind::Storage, "the state folder could not be looked at").because(error))
            }
        }
    }

    pub(crate) fn live(&self, slug: &str) -> Arc<Live> {
        Arc::clone(self.lock_live().entry(slug.to_owned()).or_default())
    }

    /// Returns what is known of a connector, if anything is.
    pub(crate) fn known_live(&self, slug: &str) -> Option<Arc<Live>> {
        self.lock_live().get(slug).cloned()
    }

    pub(crate) fn forget_live(&self, slug: &str) {
        self.lock_live().remove(slug);
    }

    fn lives(&self) -> Vec<(String, Arc<Live>)> {
        self.lock_live().iter().map(|(slug, live)| (slug.clone(), Arc::clone(live))).collect()
    }

    fn lock_live(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The authorizers of connectors, by slug.
pub(crate) type Authorizers = HashMap<String, KnownAuthorizer>;

/// What all sign-ins are made with.
pub(crate) struct OauthOptions {
    pub(crate) home: Home,
    pub(crate) client_name: String,
    pub(crate) metadata_document: Option<String>,
    pub(crate) quirks: Quirks,
    pub(crate) variables: Variables,
    pub(crate) http: ClientBuilder,
    pub(crate) agent: Option<Arc<dyn UserAgent>>,
    pub(crate) renewer: Option<Arc<dyn RenewTokens>>,
}

/// Reads what the user knows of servers over what is shipped.
async fn read_quirks(home: &Home) -> Result<Quirks, Error> {
    let path = home.quirks_path();
    let read = tokio::task::spawn_blocking({
        let path = path.clone();
        move || std::fs::read_to_string(path)
    });
    let text = match read.await {
        Ok(Ok(text)) => text,
        // A state folder that is none is told of by who reads the manifest.
        Ok(Err(error))
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
        {
            return Ok(Quirks::shipped());
        }
        Ok(Err(error)) => {
            let text = format!("cannot read {}", path.display());
            return Err(Error::new(ErrorKind::Storage, text).because(error).hinted("mend or move the file"));
        }
        Err(error) => {
            return Err(
                Error::new(ErrorKind::Storage, "the state folder could not be looked at").because(error)
            );
        }
    };
    let users = Quirks::parse(&text).map_err(|error| {
        Error::new(ErrorKind::InvalidInput, format!("{} is not usable: {error}", path.display()))
            .hinted("mend the file at that place, or move it away; it has not been changed")
    })?;
    Ok(Quirks::shipped().overridden_by(users))
}

pub(crate) fn slugs(manifest: &Manifest) -> Vec<String> {
    manifest.connectors().iter().map(|connector| connector.slug.clone()).collect()
}

impl std::fmt::Debug for ConnectorManager {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ConnectorManager")
            .field("manifest", &self.inner.manifest.path())
            .finish_non_exhaustive()
    }
}
