//! One record of the event log.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a record is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A call was asked for, and this was decided about it; written before anything leaves.
    Decision,
    /// A call came to its end.
    Call,
    /// Older files were removed; the record says with which record the log now begins.
    Checkpoint,
    /// Something about the log itself.
    #[default]
    Note,
    /// A kind of a newer release.
    #[serde(other)]
    Unknown,
}

/// One record. Members that do not apply are left out of the line.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EventRecord {
    /// The record's number, from one on, without gaps.
    pub seq: u64,
    /// When it was written, RFC 3339 in UTC.
    pub time: String,
    /// What it is about.
    pub kind: EventKind,
    /// Who asked for the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The connector's slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// The server's own name for the tool; where it is not a tool's call, the prompt's name or the resource's URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The tool's canonical name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    /// The method of the protocol, where it is not a tool's call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What was decided: `allow`, `ask` (a person is asked; another decision follows, or the call is given up), `deny`,
    /// `changed` (the tool is not the one that the person was asked about), `not_routed`, `invalid_arguments` or
    /// `rate_limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The rule that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where the rule stands, as `file:line:column`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_location: Option<String>,
    /// How long the call took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// How it ended: `ok`, `tool_error`, `invalid_result`, `cancelled`, or the kind of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// The trace that the call belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The arguments, as far as the log is told to keep them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Box<RawValue>>,
    /// Anything else there is to say, such as who agreed to a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// For a checkpoint, the number of the first record that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_seq: Option<u64>,
    /// For a checkpoint, the `prev` of the first record that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_prev: Option<String>,
    /// The hash of the record before.
    pub prev: String,
    /// The hash of this record.
    #[serde(default, skip_serializing)]
    pub hash: String,
}

impl EventRecord {
    /// Begins a record; the log fills in its number, time and hashes.
    #[must_use]
    pub fn new(kind: EventKind) -> Self {
        Self { kind, ..Self::default() }
    }
}

/// The longest text of one member. Names and traces are far shorter; nobody may fill the log with one call.
const LONGEST_TEXT: usize = 1024;

impl EventRecord {
    /// Cuts texts that come from outside to a bounded length.
    pub(super) fn bound(&mut self) {
        let texts = [
            &mut self.who,
            &mut self.connector,
            &mut self.tool,
            &mut self.canonical,
            &mut self.method,
            &mut self.verdict,
            &mut self.rule,
            &mut self.rule_location,
            &mut self.outcome,
            &mut self.trace_id,
            &mut self.note,
        ];
        for text in texts.into_iter().flatten() {
            if text.len() > LONGEST_TEXT {
                text.truncate(text.floor_char_boundary(LONGEST_TEXT));
                text.push('…');
            }
        }
    }
}
