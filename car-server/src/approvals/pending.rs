//! A call that waits, and what a person says to it.

use car_connectors::engine::{Approval, RuleRef};
use car_connectors::store::Grant;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A call that waits for a person.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Pending {
    /// Names it where it is answered.
    pub(crate) id: String,
    /// Who calls.
    pub(crate) caller: String,
    /// The connector.
    pub(crate) connector: String,
    /// The server's name for the tool; where it is not a tool's call, the method and what it is about.
    pub(crate) tool: String,
    /// Its canonical name.
    pub(crate) canonical: String,
    /// The method of the protocol, where it is not a tool's call: such as `prompts/get`.
    pub(crate) method: Option<String>,
    /// The exact arguments, as they would be sent.
    pub(crate) arguments: Box<RawValue>,
    /// The same as text: what reads JSON may round large numbers and drop members that are there twice.
    pub(crate) arguments_text: String,
    /// The rule that asks.
    pub(crate) rule: RuleRef,
    /// When it was asked, RFC 3339 in UTC.
    pub(crate) asked_at: String,
    /// When it is given up, RFC 3339 in UTC.
    pub(crate) expires_at: String,
}

impl Pending {
    /// Describes what is agreed to with an answer for more than this call.
    pub(super) fn grant(&self, now: u64) -> Grant {
        Grant::new(&self.caller, &self.connector, &self.tool, &self.rule.name(), now)
    }

    pub(super) fn is_covered_by(&self, grant: &Grant) -> bool {
        grant.covers(&self.caller, &self.connector, &self.tool, &self.rule.name())
    }

    /// Tells whether whoever agrees to the other call for good agrees to this one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.is_covered_by(&other.grant(0))
    }
}

/// What a person says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// This once.
    Once,
    /// Until the daemon stops, for this caller, tool and rule.
    Session,
    /// For good, for this caller, tool and rule.
    Always,
    /// Not.
    Deny,
}

impl Answer {
    /// Tells whether it is for more than one call.
    pub(super) const fn is_lasting(self) -> bool {
        matches!(self, Self::Session | Self::Always)
    }

    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Deny => Outcome::Refused,
            Self::Once | Self::Session | Self::Always => Outcome::Granted,
        }
    }

    /// Returns what the engine is told, with a note for the event log.
    pub(super) fn approval(self, by: &str) -> Approval {
        match self {
            Self::Once => Approval::Granted { note: format!("approved once by {by}") },
            Self::Session => Approval::Granted { note: format!("approved until the daemon stops by {by}") },
            Self::Always => Approval::Granted { note: format!("approved for good by {by}") },
            Self::Deny => Approval::Refused { note: format!("refused by {by}") },
        }
    }
}

/// What became of a call that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Granted,
    Refused,
    Expired,
    Withdrawn,
}

impl Outcome {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}
