//! From a `server.json` to an endpoint or a command: what it would be, what must be given, what comes out. Pure.
//!
//! Secrets do not pass through here: a value that a person gives stands in a [`Template`] by its name, and whoever keeps
//! the secret fills it in.

use std::collections::BTreeMap;

use super::entry::Entry;
use crate::service::Offer;

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

/// A text with places for inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Input { key: String, is_secret: bool },
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
    /// cannot be added are among them, with what stands in the way.
    #[must_use]
    pub fn plans(&self) -> Vec<Plan> {
        todo!("registry")
    }
}

impl Plan {
    /// Fills the inputs in. `given` has the values that are no secrets and, for secrets, whether there is one: their
    /// values stay with the caller, who renders the templates.
    ///
    /// # Errors
    /// Says which input is missing, unknown or wrong, or what stands in the way.
    pub fn recipe(&self, given: &BTreeMap<String, Given<'_>>) -> Result<Recipe, PlanError> {
        let _ = given;
        todo!("registry")
    }

    /// Returns the endpoint or the whole command line as it would be, with `{inputs}` where they go: what a person is
    /// shown before they agree.
    #[must_use]
    pub fn shown(&self) -> Vec<String> {
        todo!("registry")
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

impl Template {
    /// Returns whether a secret is in it.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Input { is_secret: true, .. }))
    }

    /// Fills the text, or returns the name of the input for which there is no value.
    ///
    /// # Errors
    /// The key of the input that is missing.
    pub fn render<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Input { key, .. } => text.push_str(value(key).ok_or_else(|| key.clone())?),
            }
        }
        Ok(text)
    }
}
