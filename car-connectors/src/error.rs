//! The facade's one error: what kind it is, which connector it is about, what is behind it, what to do next.

use std::error::Error as StdError;
use std::fmt;

use car_connectors_store::StoreError;
use car_engine::{EngineError, McpCallErrorKind, RuleRef};
use car_mcp::transport::TransportError;

use crate::sign_in;

/// Sorts errors by what a program would do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something given is not what it should be: a URL, a header, a name.
    InvalidInput,
    /// There is no such connector or tool.
    NotFound,
    /// There is already a connector of that name.
    Duplicate,
    /// The connector is of a project's file that the user does not trust as it is now.
    Untrusted,
    /// A service is not what a person agreed to any more.
    Changed,
    /// The tool has not been enabled.
    NotEnabled,
    /// The arguments do not fit the tool's schema.
    InvalidArguments,
    /// The policy denies the call.
    Denied,
    /// The tool has been called too often.
    RateLimited,
    /// The server wants a sign-in.
    AuthRequired,
    /// A sign-in was begun and did not succeed.
    SignInFailed,
    /// The server cannot be reached.
    Unreachable,
    /// The server did not answer in time.
    TimedOut,
    /// The server answered, and what it said is an error or makes no sense.
    Peer,
    /// State could not be read or written.
    Storage,
}

impl ErrorKind {
    /// Returns the kind as one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotFound => "not_found",
            Self::Duplicate => "duplicate",
            Self::Untrusted => "untrusted",
            Self::Changed => "changed",
            Self::NotEnabled => "not_enabled",
            Self::InvalidArguments => "invalid_arguments",
            Self::Denied => "denied",
            Self::RateLimited => "rate_limited",
            Self::AuthRequired => "auth_required",
            Self::SignInFailed => "sign_in_failed",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Peer => "peer",
            Self::Storage => "storage",
        }
    }
}

/// Says what went wrong.
///
/// `Display` says one level; the cause is in `source()`, the next step in [`Error::hint`].
#[derive(Debug)]
pub struct Error(Box<Parts>);

#[derive(Debug)]
struct Parts {
    kind: ErrorKind,
    connector: Option<String>,
    message: String,
    hint: Option<String>,
    rule: Option<Box<RuleRef>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (connector, hint, rule, source) = (None, None, None, None);
        Self(Box::new(Parts { kind, connector, message: message.into(), hint, rule, source }))
    }

    pub(crate) fn of(mut self, connector: &str) -> Self {
        self.0.connector = Some(connector.to_owned());
        self
    }

    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    fn because_of(mut self, source: Box<dyn StdError + Send + Sync>) -> Self {
        self.0.source = Some(source);
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the connector that it is about.
    pub fn connector(&self) -> Option<&str> {
        self.0.connector.as_deref()
    }

    /// Returns what to do next.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Returns the rule that denies the call, and where it stands.
    pub fn rule(&self) -> Option<&RuleRef> {
        self.0.rule.as_deref()
    }

    /// Returns whether the server wants a sign-in.
    pub fn is_auth_required(&self) -> bool {
        self.0.kind == ErrorKind::AuthRequired
    }

    /// Returns whether the policy denies the call.
    pub fn is_denied(&self) -> bool {
        self.0.kind == ErrorKind::Denied
    }

    /// Returns whether the same may succeed if it is tried again later.
    pub fn is_transient(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Unreachable | ErrorKind::TimedOut | ErrorKind::RateLimited)
    }

    pub(crate) fn no_connector(slug: &str, known: &[String]) -> Self {
        let hint = match known {
            [] => "there are no connectors yet; add one with `car add NAME URL`".to_owned(),
            known => format!("the connectors are: {}", known.join(", ")),
        };
        Self::new(ErrorKind::NotFound, format!("there is no connector {slug:?}")).hinted(hint)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let hint = match &error {
            StoreError::Malformed { .. } => {
                "mend the file at that place, or move it away; it has not been changed"
            }
            StoreError::NewerVersion { .. } => "use the newer release; the file has not been changed",
            StoreError::Locked { .. } => "wait for the other process to end, then try again",
            StoreError::Keychain { .. } => {
                "unlock the keychain, or keep secrets in a file with CAR_SECRETS=file (`car doctor` tells more)"
            }
            StoreError::ChangedSinceShown { .. } => "look at it again with `car trust`",
            StoreError::OutsideProject { .. } | StoreError::NotAFile { .. } => {
                "put a file in its place that is inside the project, or leave the project out with `--no-project`"
            }
            StoreError::UnfitSource { .. } => {
                "a source has a name, and a base URL such as https://registry.example.com"
            }
            StoreError::DuplicateSource { .. } | StoreError::UnknownSource { .. } => {
                "`car sources` lists the sources"
            }
            StoreError::Duplicate { .. } => "choose another name",
            StoreError::UnfitToken { .. } => {
                "a token has a name of letters, digits, `-`, `_` and `.`, and an end in the future or none"
            }
            StoreError::ForeignFolder { .. } => {
                "run it as that user, give the folder to yourself, or use another with `--home DIR`"
            }
            StoreError::Io { .. } => "check that the state folder can be written and its disk is not full",
            _ => "`car doctor` looks at the state folder",
        };
        let kind = match &error {
            StoreError::SecretTooLong { .. }
            | StoreError::OutsideProject { .. }
            | StoreError::NotAFile { .. }
            | StoreError::UnfitSource { .. }
            | StoreError::UnfitToken { .. } => ErrorKind::InvalidInput,
            StoreError::UnknownSource { .. } => ErrorKind::NotFound,
            StoreError::ChangedSinceShown { .. } => ErrorKind::Untrusted,
            StoreError::Duplicate { .. }
            | StoreError::DuplicateSlug { .. }
            | StoreError::DuplicateSource { .. } => ErrorKind::Duplicate,
            _ => ErrorKind::Storage,
        };
        Self::new(kind, error.to_string()).hinted(hint).because_source(error)
    }
}

impl Error {
    /// Takes over what is behind an error whose own words have become the message.
    pub(crate) fn because_source(mut self, error: impl StdError + Send + Sync + 'static) -> Self {
        if let Some(source) = error.source() {
            self.0.source = Some(source_text(source));
        }
        self
    }
}

/// Keeps a chain of causes as text, outermost first: the chain's own types belong to other crates.
fn source_text(source: &(dyn StdError + 'static)) -> Box<dyn StdError + Send + Sync> {
    let mut text = source.to_string();
    let mut next = source.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text.into()
}

/// Says what a failed call means: unlike anything else that is sent, it may have done its work.
pub(crate) fn call_error(slug: &str, error: car_mcp::Error) -> Error {
    let is_lost = matches!(&error, car_mcp::Error::Transport(TransportError::Closed { .. }));
    let error = session_error(slug, error);
    if is_lost { error.hinted("the tool may have run: check before you call it again") } else { error }
}

/// Says what a failed session means, and what to do.
pub(crate) fn session_error(slug: &str, error: car_mcp::Error) -> Error {
    let error = match error {
        car_mcp::Error::Transport(transport) => match sign_in::transport_meaning(slug, transport) {
            Ok(error) => return error,
            Err(transport) => car_mcp::Error::Transport(transport),
        },
        other => other,
    };
    if let car_mcp::Error::Transport(transport @ TransportError::Unauthorized { .. }) = error {
        let hint = format!("sign in with `car login {slug}`");
        return Error::new(ErrorKind::AuthRequired, "the server wants a sign-in")
            .of(slug)
            .hinted(hint)
            .because(transport);
    }
    let (kind, message, hint) = match &error {
        car_mcp::Error::Transport(transport) => transport_meaning(transport),
        car_mcp::Error::TimedOut { .. } => (
            ErrorKind::TimedOut,
            "the server did not answer in time",
            "try again, or allow more time with `--timeout`",
        ),
        car_mcp::Error::Negotiation(_) => (
            ErrorKind::Peer,
            "no revision of the protocol is shared with the server",
            "check that the URL is the server's MCP endpoint (it often ends in /mcp)",
        ),
        car_mcp::Error::Refused { .. } => {
            (ErrorKind::Peer, "the server refused the request", "the server's own message says why")
        }
        car_mcp::Error::Unsupported { .. } => {
            (ErrorKind::Peer, "the server does not offer this", "`car tools` lists what it offers")
        }
        car_mcp::Error::Argument(_) | car_mcp::Error::Parameters { .. } => {
            (ErrorKind::InvalidArguments, "the arguments cannot be sent", "mend the arguments")
        }
        car_mcp::Error::InputRefused { .. } => (
            ErrorKind::Peer,
            "the tool asked for input that cannot be given here",
            "call it from a program that can ask its user",
        ),
        _ => (
            ErrorKind::Peer,
            "the server's answer makes no sense",
            "check that the URL is the server's MCP endpoint; if it is, the server is at fault",
        ),
    };
    let explained = Error::new(kind, message).of(slug).hinted(hint);
    // What the layers between would say, the message has said already.
    match error {
        car_mcp::Error::Transport(TransportError::Unreachable { source }) => explained.because_of(source),
        car_mcp::Error::Transport(transport) => explained.because(transport),
        other => explained.because(other),
    }
}

fn transport_meaning(error: &TransportError) -> (ErrorKind, &'static str, &'static str) {
    const ENDPOINT: &str = "check that the URL is the server's MCP endpoint (it often ends in /mcp)";
    match error {
        TransportError::Unreachable { .. } => (
            ErrorKind::Unreachable,
            "the server cannot be reached",
            "check the URL and that the server is running",
        ),
        TransportError::TimedOut { .. } => (
            ErrorKind::TimedOut,
            "the server did not answer in time",
            "try again, or allow more time with `--timeout`",
        ),
        TransportError::Closed { .. } => (
            ErrorKind::Unreachable,
            "the connection ended before the answer",
            "check the URL and that the server is running",
        ),
        TransportError::Redirected { .. } => (
            ErrorKind::Peer,
            "the server sends its callers elsewhere",
            "add the connector with the URL it names",
        ),
        TransportError::TooLarge { .. } => {
            (ErrorKind::Peer, "the server's answer is too large", "ask for less, or raise the cap")
        }
        TransportError::Misconfigured { .. } => (
            ErrorKind::InvalidInput,
            "the connector cannot be called as it is set up",
            "mend its URL or headers",
        ),
        TransportError::Status { status: 500..=599, .. } => {
            (ErrorKind::Unreachable, "the server failed", "try again later; its operator can tell why")
        }
        _ => (ErrorKind::Peer, "there is no MCP server behind the URL", ENDPOINT),
    }
}

/// Says what the engine's refusal means.
pub(crate) fn engine_error(slug: &str, tool: &str, error: EngineError) -> Error {
    let (kind, hint) = match &error {
        EngineError::Session { .. } => return failed_call(slug, error),
        EngineError::NotRouted { .. } => {
            (ErrorKind::NotEnabled, format!("enable it with `car enable {slug} {tool}`"))
        }
        EngineError::InvalidArguments { .. } => {
            (ErrorKind::InvalidArguments, format!("`car tools {slug} --schema` shows what it takes"))
        }
        EngineError::Denied { .. } => {
            (ErrorKind::Denied, format!("`car policy explain {slug}/{tool}` shows every rule that matters"))
        }
        EngineError::Changed { .. } => {
            (ErrorKind::Changed, format!("look at `car tools {slug}` and repeat the call"))
        }
        EngineError::RateLimited { .. } => (ErrorKind::RateLimited, "wait, then try again".to_owned()),
        EngineError::InvalidResult { .. } => {
            (ErrorKind::Peer, "the server breaks its own promise; its operator should know".to_owned())
        }
        _ => (
            ErrorKind::Storage,
            "a call that cannot be recorded is not made; `car doctor` looks at the log".to_owned(),
        ),
    };
    let mut refused = Error::new(kind, error.to_string()).of(slug).hinted(hint);
    if let EngineError::Denied { rule, .. } = &error {
        refused.0.rule = Some(rule.clone());
    }
    refused.because_source(error)
}

/// Says what the engine's refusal of something other than a call means.
pub(crate) fn access_error(slug: &str, error: EngineError) -> Error {
    let is_denied = matches!(error, EngineError::Denied { .. });
    let error = engine_error(slug, "", error);
    if is_denied { error.hinted("`car policy list` shows the rules") } else { error }
}

/// A call that left and failed: the session's own error, with its meaning, is underneath.
fn failed_call(slug: &str, error: EngineError) -> Error {
    let EngineError::Session { source, .. } = error else {
        return Error::new(ErrorKind::Peer, error.to_string()).of(slug);
    };
    let kind = source.kind;
    match source.source.map(|source| source.downcast::<Error>()) {
        Some(Ok(error)) => *error,
        Some(Err(other)) => {
            let mut error = Error::new(kind_of(kind), source.message).of(slug);
            error.0.source = Some(other);
            error
        }
        None => Error::new(kind_of(kind), source.message).of(slug),
    }
}

const fn kind_of(kind: McpCallErrorKind) -> ErrorKind {
    match kind {
        McpCallErrorKind::Auth => ErrorKind::AuthRequired,
        McpCallErrorKind::Timeout => ErrorKind::TimedOut,
        McpCallErrorKind::Unreachable => ErrorKind::Unreachable,
        _ => ErrorKind::Peer,
    }
}
