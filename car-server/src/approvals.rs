//! Calls that wait for a person: shown to every front end, answered by one of them, or given up when their time is over.

use std::time::Duration;

use car_connectors::engine::{Approval, ApprovalQuestion, Approver, BoxFuture, RuleRef};
use car_connectors::store::{Grant, Home};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::notices::Notices;

/// A call that waits.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pending {
    pub(crate) id: String,
    pub(crate) caller: String,
    pub(crate) connector: String,
    pub(crate) tool: String,
    pub(crate) canonical: String,
    /// The exact arguments, as they would be sent.
    pub(crate) arguments: Box<RawValue>,
    /// The rule that asks.
    pub(crate) rule: RuleRef,
    /// When it was asked, and when it is given up, RFC 3339 in UTC.
    pub(crate) asked_at: String,
    pub(crate) expires_at: String,
}

/// What a person says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// All calls that wait, and what was agreed to before. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Approvals {
    notices: Notices,
}

impl Approvals {
    /// `patience` is how long a call waits.
    pub(crate) fn new(home: &Home, notices: Notices, patience: Duration) -> Self {
        let _ = (home, patience);
        Self { notices }
    }

    /// Returns the calls that wait, the oldest first.
    pub(crate) fn pending(&self) -> Vec<Pending> {
        let _ = &self.notices;
        todo!("part E2")
    }

    /// Answers, in somebody's name. Returns whether the call still waited.
    pub(crate) fn answer(
        &self,
        id: &str,
        answer: Answer,
        by: &str,
    ) -> Result<bool, car_connectors::store::StoreError> {
        let _ = (id, answer, by);
        todo!("part E2")
    }

    /// Returns what was agreed to for good, and until the daemon stops; ids of the latter begin with `session-`.
    pub(crate) fn grants(&self) -> Result<Vec<Grant>, car_connectors::store::StoreError> {
        todo!("part E2")
    }

    /// Takes back what was agreed to, and returns whether there was anything.
    pub(crate) fn revoke(&self, id: &str) -> Result<bool, car_connectors::store::StoreError> {
        let _ = id;
        todo!("part E2")
    }
}

impl Approver for Approvals {
    fn approve<'a>(&'a self, question: ApprovalQuestion<'a>) -> BoxFuture<'a, Approval> {
        let _ = question;
        todo!("part E2")
    }
}
