//! Servers that are started by a command.

use std::ffi::OsString;
use std::time::Duration;

use car_connectors_store::{EntryName, Home, Secret, SecretStore, ServerLog, StdioCommand};
use car_mcp_stdio::{Command, Follower, Noise, NoiseLog, StdioTransport, Supervisor};

use super::{Dialer, Reached};
use crate::error::{Error, ErrorKind, session_error};
use crate::options::Variables;

/// How long the last words of a server may take to be written down.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What all local servers are started with.
pub(crate) struct LocalServers {
    pub(crate) home: Home,
    /// The program's environment, of which a server gets what it needs to run at all.
    pub(crate) variables: Variables,
    pub(crate) supervisor: Supervisor,
    /// How long a server may stand idle before it is ended.
    pub(crate) idle: Duration,
}

/// Everything that a local connector needs to be started.
pub(crate) struct LocalPlan {
    command: StdioCommand,
    secrets: Vec<(String, Secret)>,
}

/// Writes down what a server says on its standard error, until it has ended.
#[derive(Debug)]
pub(crate) struct ServerLogTask(tokio::task::JoinHandle<()>);

impl LocalPlan {
    /// Checks a command and variables that a person gave.
    pub(crate) fn new(command: StdioCommand, variables: Vec<(String, Secret)>) -> Result<Self, Error> {
        if command.command.trim().is_empty() {
            let error = Error::new(ErrorKind::InvalidInput, "expected a command, found none");
            return Err(error.hinted("give the program, and its arguments after it"));
        }
        for (index, (name, _)) in variables.iter().enumerate() {
            let is_name = !name.is_empty() && !name.contains(['=', '\0']);
            if !is_name || variables[..index].iter().any(|(other, _)| other == name) {
                let text = format!("the variable {name:?} cannot be set, or is given more than once");
                return Err(
                    Error::new(ErrorKind::InvalidInput, text).hinted("give each variable once, by its name")
                );
            }
        }
        Ok(Self { command, secrets: variables })
    }

    pub(super) fn resolve(slug: &str, command: &StdioCommand, secrets: &SecretStore) -> Result<Self, Error> {
        let mut values = Vec::with_capacity(command.secret_env.len());
        for name in &command.secret_env {
            let secret = secrets.get(&EntryName::variable(slug, name))?.ok_or_else(|| {
                let text = format!("the value of the variable {name} is not stored any more");
                Error::new(ErrorKind::Storage, text)
                    .hinted("remove the connector and add it again with the variable")
            })?;
            values.push((name.clone(), secret));
        }
        Self::new(command.clone(), values)
    }

    /// Starts the server and makes the handshake. What a server says that does not come so far is written down too.
    pub(super) async fn start(self, slug: &str, dialer: &Dialer) -> Result<Reached, Error> {
        let local = &dialer.local;
        let variables = local.variables.clone();
        let mut command = Command::new(&self.command.command)
            .args(&self.command.args)
            .inherit(|name| variables(name).map(OsString::from))
            .envs(self.command.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if let Some(folder) = &self.command.cwd {
            command = command.cwd(folder);
        }
        for (name, value) in &self.secrets {
            command = command.env(name, value.expose());
        }
        let transport = StdioTransport::builder(command).supervisor(local.supervisor.clone()).build();
        let log = ServerLog::new(&local.home, slug);
        let log = ServerLogTask::start(transport.stderr().follow(), transport.noise(), log);
        match dialer.session.clone().connect(transport).await {
            Ok(session) => Ok(Reached { session, log: Some(log) }),
            Err(error) => {
                log.end().await;
                Err(local_error(slug, error))
            }
        }
    }
}

/// Says what a failed start means: here nothing is a URL, and what the server said is in its log.
fn local_error(slug: &str, error: car_mcp::Error) -> Error {
    session_error(slug, error)
        .hinted(format!("try the command by itself in a terminal; `car logs {slug}` shows what it said"))
}

async fn write(log: &ServerLog, bytes: Vec<u8>) {
    let log = log.clone();
    let written = tokio::task::spawn_blocking(move || log.append(&bytes)).await;
    if let Ok(Err(error)) = written {
        tracing::warn!(%error, "what a local server said could not be written down");
    }
}

impl ServerLogTask {
    fn start(mut said: Follower, noise: NoiseLog, log: ServerLog) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it follows a long stream, and ends with it")]
        Self(tokio::spawn(async move {
            while let Some((bytes, missed)) = said.next().await {
                if missed > 0 {
                    write(&log, format!("[{missed} bytes came too fast to be kept]\n").into_bytes()).await;
                }
                write(&log, bytes).await;
            }
            if let Some(Noise { lines, first, .. }) = noise.told() {
                let text =
                    format!("[{lines} lines on standard output were no messages; the first: {first}]\n");
                write(&log, text.into_bytes()).await;
            }
        }))
    }

    /// Waits until the last words of a server that has ended are written down.
    pub(crate) async fn end(self) {
        drop(tokio::time::timeout(LAST_WORDS, self.0).await);
    }
}
