//! What a program says when it makes a manager, adds a connector or calls a tool.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use car_connectors_store::{Home, Keychain, Origin, Secret, SecretMode, StdioCommand};
use car_engine::{Approver, EventLogOptions, EventRecord, Progress};
use car_http::ProxyConfig;
use car_mcp::{ClientHandler, Limits, NoHandler};
use car_mcp_proto::Members;
use car_mcp_proto::capability::Implementation;
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_stdio::Supervisor;
use car_oauth::driver::UserAgent;

use crate::error::{Error, ErrorKind};
use crate::sign_in::RenewTokens;

/// How long a local server may stand idle: longer than the pauses of a conversation, shorter than a night.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// Names the URL of the program's client ID metadata document.
const METADATA_VARIABLE: &str = "CAR_CLIENT_METADATA";

/// Says how a manager works.
pub struct ManagerOptions {
    pub(crate) home: Home,
    pub(crate) secrets: SecretMode,
    pub(crate) keychain: Option<Arc<dyn Keychain>>,
    pub(crate) caller: String,
    pub(crate) client: Implementation,
    pub(crate) proxy: ProxyConfig,
    pub(crate) limits: Limits,
    pub(crate) max_body_bytes: Option<usize>,
    pub(crate) handler: Arc<dyn ClientHandler>,
    pub(crate) approver: Option<Arc<dyn Approver>>,
    pub(crate) events: EventLogOptions,
    pub(crate) sign_in_name: String,
    pub(crate) metadata_document: Option<String>,
    pub(crate) variables: Variables,
    pub(crate) agent: Option<Arc<dyn UserAgent>>,
    pub(crate) renewer: Option<Arc<dyn RenewTokens>>,
    pub(crate) project_dir: Option<PathBuf>,
    pub(crate) supervisor: Supervisor,
    pub(crate) idle: Duration,
    pub(crate) listens: bool,
    pub(crate) observer: Option<Observer>,
}

/// Is told of each record of the event log.
pub(crate) type Observer = Arc<dyn Fn(&EventRecord) + Send + Sync>;

/// Looks a variable up. A library does not look into the environment by itself.
pub(crate) type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl ManagerOptions {
    /// Returns options for a state folder, with every other setting at its default.
    pub fn new(home: Home) -> Self {
        let mut client = Implementation::new("car-connectors");
        client.version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            home,
            secrets: SecretMode::Auto,
            keychain: None,
            caller: "library".to_owned(),
            client,
            proxy: ProxyConfig::none(),
            limits: Limits::default(),
            max_body_bytes: None,
            handler: Arc::new(NoHandler),
            approver: None,
            events: EventLogOptions::default(),
            sign_in_name: "CAR Connectors".to_owned(),
            metadata_document: None,
            variables: Arc::new(|_| None),
            agent: None,
            renewer: None,
            project_dir: None,
            supervisor: Supervisor::Nobody,
            idle: IDLE,
            listens: false,
            observer: None,
        }
    }

    /// Sets where secrets are kept.
    #[must_use]
    pub const fn with_secrets(mut self, mode: SecretMode) -> Self {
        self.secrets = mode;
        self
    }

    /// Keeps secrets in a keychain that the program brings, in place of the operating system's.
    #[must_use]
    pub fn with_keychain(mut self, keychain: Arc<dyn Keychain>) -> Self {
        self.keychain = Some(keychain);
        self
    }

    /// Sets who makes the calls, for the event log.
    #[must_use]
    pub fn with_caller(mut self, caller: impl Into<String>) -> Self {
        self.caller = caller.into();
        self
    }

    /// Sets how the program calls itself to servers.
    #[must_use]
    pub fn with_client(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.client.name = name.into();
        self.client.version = version.into();
        self
    }

    /// Takes proxies from variables such as `HTTPS_PROXY` and `NO_PROXY`, the address of the program's client ID metadata
    /// document from `CAR_CLIENT_METADATA`, and where a sign-in names a variable, its assertion. A library does not look
    /// them up by itself.
    ///
    /// # Errors
    /// Says which proxy cannot be used.
    pub fn with_variables(
        mut self,
        lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        if let Some(url) = lookup(METADATA_VARIABLE).filter(|url| !url.is_empty()) {
            self.metadata_document = Some(url);
        }
        self.proxy = ProxyConfig::from_variables(&lookup).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, error.to_string())
                .hinted("mend HTTP_PROXY, HTTPS_PROXY or NO_PROXY")
        })?;
        self.variables = Arc::new(lookup);
        Ok(self)
    }

    /// Sets the limits of sessions: how long a handshake, a page of a list and a call may take.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the largest answer that is read from a server, in bytes, in place of the transport's own cap.
    #[must_use]
    pub const fn with_max_body_bytes(mut self, cap: usize) -> Self {
        self.max_body_bytes = Some(cap);
        self
    }

    /// Sets who answers the questions of servers.
    #[must_use]
    pub fn with_handler(mut self, handler: Arc<dyn ClientHandler>) -> Self {
        self.handler = handler;
        self
    }

    /// Sets who is asked where the policy says `ask`. Without one, `ask` is a denial.
    #[must_use]
    pub fn with_approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = Some(approver);
        self
    }

    /// Sets who is sent to sign in when a call is refused. Without one such a call fails at once, and
    /// [`ConnectorManager::sign_in`](crate::ConnectorManager::sign_in) is for when a person is there.
    #[must_use]
    pub fn with_user_agent(mut self, agent: Arc<dyn UserAgent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Lets somebody else renew tokens, such as a process that nobody interrupts.
    #[must_use]
    pub fn with_renewer(mut self, renewer: Arc<dyn RenewTokens>) -> Self {
        self.renewer = Some(renewer);
        self
    }

    /// Sets who ends local servers when this program is killed and cannot do it: see [`Supervisor`].
    #[must_use]
    pub fn with_supervisor(mut self, supervisor: Supervisor) -> Self {
        self.supervisor = supervisor;
        self
    }

    /// Sets how long a local server may stand idle before it is ended; the next call starts it again.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sets what the program calls itself where it registers to sign in.
    #[must_use]
    pub fn with_sign_in_name(mut self, name: impl Into<String>) -> Self {
        self.sign_in_name = name.into();
        self
    }

    /// Sets the URL of the program's client ID metadata document, for authorization servers that read such documents.
    #[must_use]
    pub fn with_client_metadata(mut self, url: impl Into<String>) -> Self {
        self.metadata_document = Some(url.into());
        self
    }

    /// Uses the connectors of the project that this folder belongs to, once the user trusts them: those of the nearest
    /// `.car/connectors.toml` up to the root of the folder's git repository. Without this, no project is looked at.
    #[must_use]
    pub fn with_project_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.project_dir = Some(folder.into());
        self
    }

    /// Listens to connected servers for what changes: lists are read again at once, and of resources that somebody watches
    /// ([`ConnectorManager::watch_resources`](crate::ConnectorManager::watch_resources)) it is told when they change.
    /// Each session then holds one stream and one task. Without this, what a server changes is seen at the next look.
    #[must_use]
    pub const fn with_listening(mut self) -> Self {
        self.listens = true;
        self
    }

    /// Adds who is told of each record of the event log that this program writes. It must not block.
    #[must_use]
    pub fn with_event_observer(mut self, observer: impl Fn(&EventRecord) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Sets how the event log is kept.
    #[must_use]
    pub fn with_event_log(mut self, options: EventLogOptions) -> Self {
        self.events = options;
        self
    }
}

impl fmt::Debug for ManagerOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ManagerOptions")
            .field("home", &self.home)
            .field("secrets", &self.secrets)
            .field("caller", &self.caller)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Describes a connector that is to be added.
#[non_exhaustive]
pub struct NewConnector {
    /// Its name, as a person gives it.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Headers that every request carries. Their values are kept as secrets, all of them: which header is one only
    /// the server knows.
    pub headers: Vec<(String, Secret)>,
    /// The command that starts a local server, in place of a URL.
    pub command: Option<StdioCommand>,
    /// Variables of a local server. Their values are kept as secrets, all of them.
    pub variables: Vec<(String, Secret)>,
    /// The entry that it is made of, for one that was found.
    pub(crate) origin: Option<Origin>,
    /// Whether the first contact may reach public addresses only, as a stranger named its URL.
    pub(crate) is_public_only: bool,
}

impl NewConnector {
    /// Describes a remote server.
    pub fn remote(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            headers: Vec::new(),
            command: None,
            variables: Vec::new(),
            origin: None,
            is_public_only: false,
        }
    }

    /// Describes a local server by the command that starts it.
    pub fn local(name: impl Into<String>, command: StdioCommand) -> Self {
        Self { command: Some(command), ..Self::remote(name, "") }
    }

    /// Adds a variable to a local server's environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.variables.push((name.into(), value));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.headers.push((name.into(), value));
        self
    }
}

impl fmt::Debug for NewConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL has not been checked yet: it may hold a password.
        formatter
            .debug_struct("NewConnector")
            .field("name", &self.name)
            .field("headers", &self.headers)
            .field("command", &self.command)
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

/// Says which tools are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all, or some")]
pub enum ToolSelection {
    /// All that the connector has.
    All,
    /// Those with these names, as the server gives them.
    Named(Vec<String>),
}

/// Is told of a call's progress. Must not block.
pub type OnProgress = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Says what is special about one call.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Give up after this long without progress.
    pub timeout: Option<Duration>,
    /// The trace that the call belongs to, as a W3C `traceparent`.
    pub trace: Option<String>,
    /// Is told of progress.
    pub on_progress: Option<OnProgress>,
    /// Who makes the call, for policy and event log; the program's own name ([`ManagerOptions::with_caller`]) where
    /// nothing is said.
    pub caller: Option<Arc<str>>,
    /// Answers what the server asks for this call, in place of the program's handler; see
    /// [`car_mcp::CallOptions::handler`].
    pub handler: Option<Arc<dyn ClientHandler>>,
    /// In whose name the call is made, where one session serves several; see [`car_mcp::CallOptions::on_behalf_of`].
    pub on_behalf_of: Option<Arc<str>>,
    /// Metadata for the server, such as `tracestate` and `baggage`.
    pub meta: Members,
    /// The least serious level of log messages that the handler wants to have.
    pub log_level: Option<LoggingLevel>,
}

impl CallOptions {
    /// Returns options that leave everything to the manager.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the call may go on without progress.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the trace.
    #[must_use]
    pub fn with_trace(mut self, trace: impl Into<String>) -> Self {
        self.trace = Some(trace.into());
        self
    }

    /// Sets who makes the call.
    #[must_use]
    pub fn with_caller(mut self, caller: impl Into<Arc<str>>) -> Self {
        self.caller = Some(caller.into());
        self
    }

    /// Sets who answers what the server asks for this call.
    #[must_use]
    pub fn with_handler(mut self, handler: Arc<dyn ClientHandler>) -> Self {
        self.handler = Some(handler);
        self
    }

    /// Sets in whose name the call is made.
    #[must_use]
    pub fn on_behalf_of(mut self, name: impl Into<Arc<str>>) -> Self {
        self.on_behalf_of = Some(name.into());
        self
    }

    /// Sets metadata for the server.
    #[must_use]
    pub fn with_meta(mut self, meta: Members) -> Self {
        self.meta = meta;
        self
    }

    /// Sets which log messages the handler wants to have.
    #[must_use]
    pub fn with_log_level(mut self, level: LoggingLevel) -> Self {
        self.log_level = Some(level);
        self
    }

    /// Sets who is told of progress.
    #[must_use]
    pub fn with_progress(mut self, on_progress: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(on_progress));
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}
