//! What would be added, shown to a person first, and what the person says to it.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use car_agentdns::registry::{Input, InputFormat, Plan};
use car_agentdns::{Offer, Service};
use car_connectors_store::Secret;
use serde::Serialize;

use super::changed::endpoint_of;
use super::find::{Change, FIND_DEADLINE};
use super::look::private_obstacle;

/// Says how to look a reference up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookUpOptions {
    /// Whether nobody is asked, and only what is known here already is looked at.
    pub offline: bool,
    /// How long it may take in all: five seconds where nothing else is said.
    pub deadline: Duration,
    /// The sources to ask, by name; all where this is empty.
    pub sources: Vec<String>,
}

impl Default for LookUpOptions {
    fn default() -> Self {
        Self { offline: false, deadline: FIND_DEADLINE, sources: Vec::new() }
    }
}

impl LookUpOptions {
    /// Returns options that leave everything at its default.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether nobody is asked.
    #[must_use]
    pub const fn with_offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Sets how long it may take in all.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Asks these sources only.
    #[must_use]
    pub fn with_sources<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.sources = names.into_iter().map(Into::into).collect();
        self
    }
}

/// What would be added. It is shown to a person before [`add_proposed`](crate::ConnectorManager::add_proposed) is called.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Proposal {
    /// What was looked up, as it is remembered.
    pub reference: String,
    /// The service, with its publisher, how that is known, and where the record is from.
    pub service: Service,
    /// The ways to have it, best first, also those that stand no chance.
    pub ways: Vec<Way>,
    /// Which of the ways is taken where nothing is said; nothing where there is none that can be.
    pub best: Option<usize>,
    /// What has changed since a person agreed to it. Where this is not empty, the person is asked anew.
    pub changes: Vec<Change>,
    /// Whether a person has agreed to this reference before.
    pub is_known: bool,
    /// What a person should know before they agree.
    pub notes: Vec<String>,
    /// The name that the connector gets where nothing is said.
    pub suggested_name: String,
    /// The base URL of the source that tells of it.
    pub source_url: String,
}

/// One way to have a service.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Way {
    /// Which way it is.
    pub offer: Offer,
    /// The endpoint or the whole command line as it would be, one part a line, with `{inputs}` where they go.
    pub shown: Vec<String>,
    /// The headers (`Name: value`) or the variables of the environment (`NAME=value`) as they would be, with `{inputs}`
    /// where they go.
    pub shown_values: Vec<String>,
    /// Why it cannot be taken, if it cannot.
    pub obstacle: Option<String>,
    /// What a person should know before they agree.
    pub warnings: Vec<String>,
    /// What must, or can, be given.
    pub inputs: Vec<Asked>,
    /// How it is carried out.
    #[serde(skip)]
    pub plan: Plan,
    /// Whether it may lead into this machine or its network.
    #[serde(skip)]
    pub(crate) may_be_private: bool,
}

impl Way {
    /// Shows a plan. What a public source names may not lead into this machine or its network.
    pub(crate) fn of(plan: Plan, may_be_private: bool) -> Self {
        let private =
            endpoint_of(&plan.offer).filter(|_| !may_be_private).and_then(|url| private_obstacle(&url));
        Self {
            offer: plan.offer.clone(),
            shown: plan.shown(),
            shown_values: plan.shown_values(),
            obstacle: plan.obstacle.clone().or(private),
            warnings: plan.warnings.clone(),
            inputs: plan.inputs.iter().map(Asked::of).collect(),
            may_be_private,
            plan,
        }
    }
}

/// Something that a person gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Asked {
    /// By what it is given: unique in its way.
    pub key: String,
    /// What it is, in the publisher's words.
    pub description: Option<String>,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether it is a secret: it goes to the keychain and is never shown.
    pub is_secret: bool,
    /// What it looks like: `string`, `number`, `boolean` or `filepath`.
    pub format: String,
    /// Whether it can be several values: then each stands on a line of its own.
    pub is_repeated: bool,
    /// What it is if nothing is given.
    pub default: Option<String>,
    /// An example.
    pub placeholder: Option<String>,
    /// What it can be; anything where this is empty.
    pub choices: Vec<String>,
}

impl Asked {
    fn of(input: &Input) -> Self {
        let format = match input.format {
            InputFormat::Number => "number",
            InputFormat::Boolean => "boolean",
            InputFormat::FilePath => "filepath",
            _ => "string",
        };
        Self {
            key: input.key.clone(),
            description: input.description.clone(),
            is_required: input.is_required,
            is_secret: input.is_secret,
            format: format.to_owned(),
            is_repeated: input.is_repeated,
            // Of a secret nothing is shown, also where the publisher wrote one down.
            default: input.default.clone().filter(|_| !input.is_secret),
            placeholder: input.placeholder.clone(),
            choices: input.choices.clone(),
        }
    }
}

/// What a person says to a proposal. `Debug` shows no value.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Answers {
    /// The connector's name; the proposal's where nothing is said.
    pub name: Option<String>,
    /// Which of the ways, counted from zero; the best one where nothing is said.
    pub way: Option<usize>,
    /// What was given that anybody may see, by key.
    pub values: BTreeMap<String, String>,
    /// What was given that is secret, by key.
    pub secrets: BTreeMap<String, Secret>,
    /// Whether the person agrees to what has changed.
    pub accepts_changes: bool,
}

impl Answers {
    /// Returns answers that leave everything to the proposal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the connector's name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Takes one of the ways, counted from zero.
    #[must_use]
    pub const fn with_way(mut self, way: usize) -> Self {
        self.way = Some(way);
        self
    }

    /// Gives a value that anybody may see.
    #[must_use]
    pub fn with_value(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(key.into(), value.into());
        self
    }

    /// Gives a secret.
    #[must_use]
    pub fn with_secret(mut self, key: impl Into<String>, value: Secret) -> Self {
        self.secrets.insert(key.into(), value);
        self
    }

    /// Agrees to what has changed.
    #[must_use]
    pub const fn accepting_changes(mut self) -> Self {
        self.accepts_changes = true;
        self
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answers")
            .field("name", &self.name)
            .field("way", &self.way)
            .field("values", &self.values.keys())
            .field("secrets", &self.secrets.keys())
            .field("accepts_changes", &self.accepts_changes)
            .finish_non_exhaustive()
    }
}
