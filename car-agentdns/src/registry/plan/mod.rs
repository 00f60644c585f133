//! From a `server.json` to an endpoint or a command: what it would be, what must be given, what comes out. Pure.
//!
//! ```text
//!   ServerJson ──▶ ways ─┬─ remote ───┐   draft: which inputs there are, under which keys
//!                        └─ command ──┴─▶ Plan ── given ──▶ fill ──▶ Recipe
//!                             ├─ runner, options: which arguments a runner may be given
//!                             └─ check, image: which names and versions a package may have
//! ```
//!
//! Secrets do not pass through here: a value that a person gives stands in a [`Template`] by its name, and whoever keeps
//! the secret fills it in. Nothing is run through a shell, so no character needs quoting.

mod check;
mod command;
mod draft;
mod fill;
mod image;
mod options;
mod remote;
mod runner;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

pub use template::Template;

use super::entry::{Entry, Status, Way, ways};
use super::server_json::ServerJson;
use crate::service::{Offer, Transport};
use command::Command;
use remote::Remote;
#[cfg(feature = "http")]
pub(super) use remote::encoded;

/// One way to have a server, with what must be given for it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// Which way it is.
    pub offer: Offer,
    /// What must, or can, be given.
    pub inputs: Vec<Input>,
    /// What a person should know before they agree.
    pub warnings: Vec<String>,
    /// Why it cannot be added, if it cannot.
    pub obstacle: Option<String>,
    shape: Shape,
}

/// What a plan comes to.
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    Remote(Remote),
    Command(Command),
}

/// Something that a person gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Input {
    /// By what it is given: unique in its plan.
    pub key: String,
    /// What it is, in the publisher's words.
    pub description: Option<String>,
    /// Whether it must be given.
    pub is_required: bool,
    /// Whether it is a secret: it goes to the keychain and is never shown.
    pub is_secret: bool,
    /// What it looks like.
    pub format: InputFormat,
    /// Whether it can be several values: then each stands on a line of its own.
    pub is_repeated: bool,
    /// What it is if nothing is given.
    pub default: Option<String>,
    /// An example.
    pub placeholder: Option<String>,
    /// What it can be; anything where this is empty.
    pub choices: Vec<String>,
}

/// What an input looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputFormat {
    /// Any text.
    #[default]
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// The path of a file or folder on this machine.
    FilePath,
}

/// What is to be added, but for the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recipe {
    /// A server elsewhere.
    Remote {
        /// Where. It holds no secret.
        url: String,
        /// The headers of every request.
        headers: BTreeMap<String, Template>,
    },
    /// A command here.
    Command {
        /// The program.
        program: String,
        /// Its arguments. They hold no secret.
        args: Vec<String>,
        /// Variables of its environment.
        env: BTreeMap<String, Template>,
    },
}

/// Why what was given is not enough, or not right. Values are not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Something that must be given was not.
    #[error("expected a value for {key}, found none")]
    Missing {
        /// Which input.
        key: String,
    },
    /// Something was given that is not asked for.
    #[error("there is no input {key}; expected one of: {known}")]
    Unknown {
        /// What was given.
        key: String,
        /// What there is.
        known: String,
    },
    /// Something does not look as it should.
    #[error("expected {expected} for {key}")]
    Unfit {
        /// Which input.
        key: String,
        /// What it should be.
        expected: String,
    },
    /// The plan cannot be carried out.
    #[error("it cannot be added: {reason}")]
    Obstacle {
        /// Why.
        reason: String,
    },
}

impl Entry {
    /// Returns the ways to have this version, best first: remote servers, then packages that can be run here. Those that
    /// cannot be added come last, with what stands in the way. A remote server whose transport is not known is none.
    #[must_use]
    pub fn plans(&self) -> Vec<Plan> {
        let mut plans = of(&self.read());
        for plan in &mut plans {
            match self.status {
                Status::Active => {}
                Status::Deprecated => {
                    let message = self.status_message.as_deref().map(|message| format!(": {message}"));
                    plan.warnings.insert(
                        0,
                        format!("its publisher advises against it{}", message.unwrap_or_default()),
                    );
                }
                Status::Deleted => plan.obstacle = Some("its registry has taken it back".to_owned()),
            }
        }
        plans
    }
}

/// Returns the ways to have the server that a `server.json` or a server card describes, as [`Entry::plans`] does.
///
/// # Errors
/// Says why it is no such document.
pub fn plans(server_json: &str) -> Result<Vec<Plan>, String> {
    if server_json.len() > Entry::MAX_BYTES {
        return Err(format!("expected at most {} bytes, found {}", Entry::MAX_BYTES, server_json.len()));
    }
    let document: Value = serde_json::from_str(server_json).map_err(|error| error.to_string())?;
    if !document.is_object() {
        return Err("expected a server, found something that is no object".to_owned());
    }
    Ok(of(&ServerJson::read(&document)))
}

fn of(server: &ServerJson) -> Vec<Plan> {
    let plan = |way: Way<'_>| match (way, way.offer()?) {
        (Way::Remote(remote), offer) => Some(remote::plan(remote, offer)),
        (Way::Package(package), offer) => Some(command::plan(package, offer)),
    };
    let mut plans: Vec<Plan> = ways(server).into_iter().filter_map(plan).collect();
    for plan in &mut plans {
        plan.warnings.extend(server.faults.iter().map(|fault| format!("left out: {fault}")));
    }
    plans.sort_by_key(|plan| plan.obstacle.is_some());
    plans
}

impl Plan {
    /// Plans a server of which only the endpoint is known. Places for `{variables}` in the URL are asked for.
    #[must_use]
    pub fn remote(transport: Transport, url: &str) -> Self {
        remote::endpoint(transport, url)
    }

    /// Fills the inputs in. `given` has the values that are no secrets and, for secrets, whether there is one: their
    /// values stay with the caller, who renders the templates. An empty value is as good as none.
    ///
    /// An argument, a header or a variable of the environment for which nothing is given, and nothing is set, is left out.
    ///
    /// # Errors
    /// Says which input is missing, unknown or wrong, or what stands in the way.
    pub fn recipe(&self, given: &BTreeMap<String, Given<'_>>) -> Result<Recipe, PlanError> {
        if let Some(reason) = &self.obstacle {
            return Err(PlanError::Obstacle { reason: reason.clone() });
        }
        let values = fill::values(&self.inputs, given)?;
        match &self.shape {
            Shape::Remote(remote) => remote.recipe(&values),
            Shape::Command(command) => command.recipe(&values),
        }
    }

    /// Returns the endpoint, or the program and its arguments, as they would be, with `{inputs}` where they go: what a
    /// person is shown before they agree. Arguments that are left out unless something is given stand in brackets.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        match &self.shape {
            Shape::Remote(remote) => vec![remote.url.to_string()],
            Shape::Command(command) => command.shown(&self.inputs),
        }
    }

    /// Returns the headers (`Name: value`) or the variables of the environment (`NAME=value`) as they would be, with
    /// `{inputs}` where they go.
    #[must_use]
    pub fn shown_values(&self) -> Vec<String> {
        match &self.shape {
            Shape::Remote(remote) => {
                remote.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect()
            }
            Shape::Command(command) => {
                command.env.iter().map(|(name, value)| format!("{name}={value}")).collect()
            }
        }
    }
}

/// What a person gave for an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a value is either known here, or kept elsewhere")]
pub enum Given<'a> {
    /// A value that anybody may see.
    Plain(&'a str),
    /// There is a value, and it is a secret.
    Secret,
}
