//! Changing the policy's file: rules come and go, everything else in it stays as its author wrote it.

use super::{PolicyFile, RuleKind, RuleRef};
use crate::EngineError;

/// A rule that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewRule {
    /// `deny_tool`, `deny_connector` or `ask`.
    pub kind: RuleKind,
    /// What it is about, as the file has it: a connector's slug, or a tool as `slug.tool` or by its canonical name.
    pub subject: String,
    /// Whom it is about; everybody where nobody is named.
    pub caller: Option<String>,
    /// Why it is there.
    pub reason: Option<String>,
}

impl NewRule {
    /// Describes a rule.
    #[must_use]
    pub fn new(kind: RuleKind, subject: impl Into<String>) -> Self {
        Self { kind, subject: subject.into(), caller: None, reason: None }
    }
}

impl PolicyFile {
    /// Adds a rule. One that is there already is not added again.
    ///
    /// Blocks: the file is locked against other processes that change it, and put in place in one step.
    ///
    /// # Errors
    /// [`EngineError`]: the kind cannot be added so, the subject is not one, or the file cannot be read, understood or
    /// written; it stays as it was then.
    pub fn add_rule(&self, rule: &NewRule) -> Result<RuleRef, EngineError> {
        let _ = rule;
        todo!("part B")
    }

    /// Removes every rule of this kind about exactly this, and returns how many there were. Blocks as
    /// [`add_rule`](Self::add_rule).
    ///
    /// # Errors
    /// As [`add_rule`](Self::add_rule).
    pub fn remove_rule(&self, kind: RuleKind, subject: &str) -> Result<usize, EngineError> {
        let _ = (kind, subject);
        todo!("part B")
    }
}
