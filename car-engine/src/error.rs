//! What can go wrong with a governed call, sorted by whose fault it is.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{McpCallError, RuleRef, Violation};

/// Says why a call brought no result, or why the log could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    // The peer's: the server or the way to it.
    /// The session brought no result.
    #[error("{tool:?} could not be called")]
    Session {
        /// The tool's canonical name.
        tool: String,
        /// What the session says.
        source: McpCallError,
    },
    /// The structured result does not fit the schema that the server gave for it.
    #[error("the result of {tool:?} does not fit its schema: {}", list(violations))]
    InvalidResult {
        /// The tool's canonical name.
        tool: String,
        /// What does not fit.
        violations: Vec<Violation>,
    },

    // The user's: the call, or what they allowed.
    /// No enabled tool has this name. Nothing was sent.
    #[error("{tool:?} is not an enabled tool")]
    NotRouted {
        /// The canonical name that was asked for.
        tool: String,
    },
    /// The arguments do not fit the tool's schema. Nothing was sent.
    #[error("the arguments of {tool:?} do not fit: {}", list(violations))]
    InvalidArguments {
        /// The tool's canonical name.
        tool: String,
        /// What does not fit.
        violations: Vec<Violation>,
    },
    /// The policy denies the call. Nothing was sent.
    #[error("{tool:?} is denied by {rule}")]
    Denied {
        /// The tool's canonical name.
        tool: String,
        /// The rule that denies it, and where it stands.
        rule: Box<RuleRef>,
    },
    /// The tool is not the one any more that a person was asked about. Nothing was sent.
    #[error("{tool:?} changed while the call waited to be approved: call it again")]
    Changed {
        /// The tool's canonical name.
        tool: String,
    },
    /// The tool has been called too often. Nothing was sent.
    #[error("{tool:?} has been called too often: its limit allows the next call in {} s", retry_after.as_secs_f64().ceil())]
    RateLimited {
        /// The tool's canonical name.
        tool: String,
        /// How long to wait.
        retry_after: Duration,
    },
    /// A position in the log is not one of ours.
    #[error("expected a position such as \"1:2048\", found {position:?}")]
    InvalidPosition {
        /// What was given.
        position: String,
    },

    /// A rule cannot be added or removed as it was asked for.
    #[error("{reason}")]
    InvalidRule {
        /// What was expected and what was found.
        reason: String,
    },

    // The environment's: the machine does not let us.
    /// The policy's file is not understood, so it is not changed either.
    #[error("{} cannot be understood, and is not changed until it is mended: {problem}", path.display())]
    BrokenPolicy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        problem: Box<RuleRef>,
    },
    /// The policy's file could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Policy {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process has held the lock of the policy's file for too long.
    #[error("{} has been locked by another process for {} s", path.display(), waited.as_secs())]
    PolicyLocked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The event log could not be read or written. A call that cannot be recorded is not made.
    #[error("cannot {action} the event log's {}", path.display())]
    Log {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process has held the event log's lock for too long.
    #[error("{} has been locked by another process for {} s", path.display(), waited.as_secs())]
    LogLocked {
        /// The lock file.
        path: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The event log ends with something that is not a record, so that its chain cannot go on.
    #[error("{} is damaged: {reason}; move it away to begin a new log", path.display())]
    DamagedLog {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl EngineError {
    /// Says whether the policy denied the call.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Says whether the call certainly did not leave this machine.
    #[must_use]
    pub fn is_before_call(&self) -> bool {
        !matches!(self, Self::Session { .. } | Self::InvalidResult { .. })
    }

    pub(crate) fn log(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Log { action, path: path.as_ref().to_owned(), source }
    }
}

fn list(violations: &[Violation]) -> String {
    violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
