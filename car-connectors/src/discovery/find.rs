//! What a search is told, and what it answers.

use std::time::Duration;

use car_agentdns::rank::Reason;
use car_agentdns::{Limit, Service, SourceKind};
use serde::Serialize;

/// How long a search may take in all: a person is waiting for it.
pub(crate) const FIND_DEADLINE: Duration = Duration::from_secs(5);

/// Says how to search.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FindOptions {
    /// How many services are wanted at most.
    pub limit: Limit,
    /// How long the search may take in all: five seconds where nothing else is said.
    pub deadline: Duration,
    /// Whether nobody is asked, and only what is known here already is searched.
    pub offline: bool,
    /// The sources to search, by name, beside what is connected already; all where this is empty.
    pub sources: Vec<String>,
}

impl Default for FindOptions {
    fn default() -> Self {
        Self { limit: Limit::DEFAULT, deadline: FIND_DEADLINE, offline: false, sources: Vec::new() }
    }
}

impl FindOptions {
    /// Returns options that leave everything at its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many services are wanted at most.
    #[must_use]
    pub const fn with_limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Sets how long the search may take in all.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets whether nobody is asked.
    #[must_use]
    pub const fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Searches these sources only, beside what is connected already.
    #[must_use]
    pub fn with_sources<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.sources = names.into_iter().map(Into::into).collect();
        self
    }
}

/// What a search found, and where it looked.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Found {
    /// What was needed, as it was searched for.
    pub need: String,
    /// The services that fit, best first.
    pub services: Vec<FoundService>,
    /// Where was searched.
    pub searched: Vec<Searched>,
    /// Which sources could not be searched, and why.
    pub left_out: Vec<LeftOut>,
    /// What the order was made with: `words`, or `words and MODEL`.
    pub ranked_by: String,
    /// What a person should know of the search.
    pub notes: Vec<String>,
}

/// A service that fits.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FoundService {
    /// The service.
    pub service: Service,
    /// How well it fits, from 0 to 1, on one scale for all services of a search.
    pub score: f32,
    /// The part of it that words made, from 0 to 1.
    pub words: f32,
    /// The part of it that meaning made, from 0 to 1; nothing without a model.
    pub meaning: Option<f32>,
    /// Why it fits, strongest first.
    pub reasons: Vec<Reason>,
    /// The slug of the connector by which it is had already.
    pub connected_as: Option<String>,
    /// What has changed since a person agreed to it.
    pub changed: Vec<Change>,
    /// The other sources that tell of the same name.
    pub also_in: Vec<String>,
}

/// What has changed of a service since a person agreed to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Change {
    /// Which part of it.
    pub what: ChangedPart,
    /// What was agreed to.
    pub before: String,
    /// What is so now.
    pub now: String,
}

/// Which part of a service has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangedPart {
    /// Who publishes it.
    Publisher,
    /// Where it runs.
    Endpoint,
    /// Which package it is.
    Package,
    /// How it is run or asked: the options of its runner, its arguments, the names of variables or headers.
    Command,
    /// Which source tells of it.
    Source,
    /// Whether it should still be taken.
    Status,
}

impl ChangedPart {
    /// Returns the part as one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Endpoint => "endpoint",
            Self::Package => "package",
            Self::Command => "command",
            Self::Source => "source",
            Self::Status => "status",
        }
    }
}

/// A source that was searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Searched {
    /// What the user calls it.
    pub name: String,
    /// What kind of source it is.
    pub kind: SourceKind,
    /// How many services of it were searched.
    pub services: usize,
    /// How old what was searched is, in seconds; nothing where that is not known.
    pub age_seconds: Option<u64>,
    /// Whether that is all it has, as far as can be known.
    pub is_complete: bool,
}

/// A source that was not searched, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LeftOut {
    /// What the user calls it.
    pub source: String,
    /// What kind of source it is.
    pub kind: SourceKind,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}
