//! What can go wrong when a source is asked, and what is said of records that cannot be used.

use std::error::Error as StdError;
use std::time::Duration;

/// What a question to a root, a registry or a catalog can fail with. `place` is the base URL that was asked, without
/// anything that may be secret.
///
/// `Display` says one level; the cause, where there is one, is in `source()`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL is none: the caller's to mend.
    #[error("expected a base URL such as https://example.com, found {text:?}: {reason}")]
    InvalidBase {
        /// What was given, without a password.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting of the HTTP client cannot be used: the caller's to mend.
    #[error("the HTTP client cannot be set up so")]
    Settings {
        /// What is wrong.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// Nobody can be reached there: the environment's fault.
    #[error("{place} cannot be reached")]
    Unreachable {
        /// Who was asked.
        place: String,
        /// Why.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// There was no whole answer in time.
    #[error("{place} did not answer within {after:?}")]
    TimedOut {
        /// Who was asked.
        place: String,
        /// How long it was waited.
        after: Duration,
    },
    /// It is to be asked elsewhere. That is not followed: what is sent is for its own origin.
    #[error("{place} sends its callers to {to}, which was not followed")]
    Redirected {
        /// Who was asked.
        place: String,
        /// Where it points.
        to: String,
    },
    /// It wants to know who asks, or does not let this one.
    #[error("{place} wants a token, or another one (status {status})")]
    Unauthorized {
        /// Who was asked.
        place: String,
        /// 401 or 403.
        status: u16,
    },
    /// It was asked too often.
    #[error("{place} was asked too often")]
    RateLimited {
        /// Who was asked.
        place: String,
        /// When it may be asked again.
        retry_after: Option<Duration>,
    },
    /// It does not have what was asked for.
    #[error("{place} does not know {what}")]
    NotFound {
        /// Who was asked.
        place: String,
        /// What was asked for.
        what: String,
    },
    /// It answered with an error.
    #[error("{place} failed with status {status}{}", said(message.as_deref()))]
    Refused {
        /// Who was asked.
        place: String,
        /// The status.
        status: u16,
        /// What it says of it, shortened.
        message: Option<String>,
    },
    /// The answer is larger than is read.
    #[error("the answer of {place} is larger than {cap} bytes")]
    TooLarge {
        /// Who was asked.
        place: String,
        /// How much is read.
        cap: usize,
    },
    /// The answer is not what it should be.
    #[error("the answer of {place} makes no sense: {what}")]
    Malformed {
        /// Who was asked.
        place: String,
        /// What was expected, and what was found.
        what: String,
    },
}

impl Error {
    /// Returns whether the same question may be answered later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::RateLimited { .. } => true,
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Returns whether it wants to know who asks.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Unauthorized { .. })
    }
}

fn said(message: Option<&str>) -> String {
    message.map(|message| format!(": {message:?}")).unwrap_or_default()
}

/// A record that cannot be used. The others of its source are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct SetAside {
    /// What it calls itself, if that much can be read; shortened.
    pub name: Option<String>,
    /// Why it cannot be used.
    pub reason: String,
}

impl SetAside {
    /// The longest name that is repeated, in characters.
    const MAX_NAME_CHARS: usize = 200;

    /// Sets a record aside.
    #[must_use]
    pub fn new(name: Option<&str>, reason: impl Into<String>) -> Self {
        let name = name.map(|name| name.chars().take(Self::MAX_NAME_CHARS).collect());
        Self { name, reason: reason.into() }
    }
}
