//! Whether a call may be made: the policy says, and where it says so a person.

use super::{
    McpToolExecutor,
    record::{Decision, Subject},
};
use crate::{
    Approval, ApprovalQuestion, EngineError, Policy, PolicyRequest, RuleKind, RuleRef, ToolPermission,
    ToolRequest, Verdict,
};

/// A call that is held until it is known whether it may be made.
pub(super) struct Held<'a> {
    pub(super) request: &'a ToolRequest<'a>,
    pub(super) subject: &'a Subject<'a>,
    pub(super) asked: PolicyRequest<'a>,
    /// What a person is asked about: the server's name for the tool, or the method and its subject.
    pub(super) name: &'a str,
    pub(super) permission: ToolPermission,
}

impl Held<'_> {
    fn decide(&self, policy: &Policy) -> Verdict {
        match policy.decide(&self.asked) {
            Verdict::Allow { .. } if self.permission == ToolPermission::Ask => {
                Verdict::Ask { rule: own_permission(self.request.tool) }
            }
            verdict => verdict,
        }
    }
}

/// Why a call may be made.
pub(super) struct Agreed {
    rule: Option<RuleRef>,
    /// What the person who was asked said.
    pub(super) note: Option<String>,
}

impl Agreed {
    pub(super) fn decision(&self) -> Decision<'_> {
        Decision::new("allow").by(self.rule.as_ref()).noting(self.note.as_deref())
    }
}

impl McpToolExecutor {
    /// Asks the policy, and where it says so a person. What is denied is recorded here, what is agreed to is not yet:
    /// other things can still stop it.
    pub(super) async fn authorize(&self, held: Held<'_>) -> Result<Agreed, EngineError> {
        let rule = match held.decide(&self.policy.current()) {
            Verdict::Allow { rule } => return Ok(Agreed { rule, note: None }),
            Verdict::Deny { rule } => return Err(self.deny(&held, rule, None)?),
            Verdict::Ask { rule } => rule,
        };
        let Some(approver) = &self.approver else {
            return Err(self.deny(&held, rule, Some("nobody is there to approve the call"))?);
        };
        self.decided(held.subject, Decision::new("ask").by(Some(&rule)))?;
        let waiting = self.begin(held.subject).noting("it was given up before it was answered");
        let question = ApprovalQuestion {
            request: held.request,
            connector: held.asked.connector,
            tool: held.name,
            method: held.asked.method,
            rule: &rule,
        };
        let answer = approver.approve(question).await;
        waiting.goes_on();
        match answer {
            Approval::Refused { note } => Err(self.deny(&held, rule, Some(&note))?),
            Approval::Granted { note } => match held.decide(&self.policy.current()) {
                // The file may have changed while the person thought.
                Verdict::Deny { rule } => Err(self.deny(&held, rule, None)?),
                Verdict::Allow { .. } | Verdict::Ask { .. } => {
                    Ok(Agreed { rule: Some(rule), note: Some(note) })
                }
            },
        }
    }

    /// Records a denial and returns it. What was said beside the rule is part of the reason.
    fn deny(
        &self,
        held: &Held<'_>,
        mut rule: RuleRef,
        note: Option<&str>,
    ) -> Result<EngineError, EngineError> {
        self.decided(held.subject, Decision::new("deny").by(Some(&rule)).noting(note))?;
        if let Some(note) = note {
            rule.reason = Some(match rule.reason {
                Some(own) => format!("{own} ({note})"),
                None => note.to_owned(),
            });
        }
        Ok(EngineError::Denied { tool: held.request.tool.to_owned(), rule: Box::new(rule) })
    }
}

fn own_permission(tool: &str) -> RuleRef {
    RuleRef {
        kind: RuleKind::ToolPermission,
        subject: tool.to_owned(),
        caller: None,
        location: None,
        reason: None,
    }
}
