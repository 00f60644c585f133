//! Answering for calls that wait for a person.

use car_connectors::store::Grant;
use serde::{Deserialize, Serialize};

use super::desk::blocking;
use super::{Desk, Nothing, params};
use crate::approvals::{Answer, Pending};
use crate::notices::Notice;
use crate::rpc::RpcError;
use crate::visitor::Visitor;

/// The calls that wait.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Waiting {
    /// The oldest first.
    pending: Vec<Pending>,
}

pub(super) async fn list(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Waiting, RpcError> {
    Ok(Waiting { pending: desk.approvals.pending() })
}

/// An answer.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    /// The call.
    id: String,
    /// `once`, `session` (until the daemon stops) and `always` let it go on, the last two also others of this caller, tool
    /// and rule; `deny` does not.
    answer: Answer,
}

/// What became of an answer.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Settled {
    /// Whether the call still waited. Otherwise somebody else was faster, its time was over, or its caller gave it up.
    settled: bool,
}

pub(super) async fn answer(desk: &Desk, visitor: &Visitor, said: Said) -> Result<Settled, RpcError> {
    let (approvals, name) = (desk.approvals.clone(), visitor.name.clone());
    let settled = blocking(move || approvals.answer(&said.id, said.answer, &name)).await??;
    if settled && matches!(said.answer, Answer::Session | Answer::Always) {
        desk.notices.tell(Notice::AccessChanged {});
    }
    Ok(Settled { settled })
}

/// What was agreed to.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Grants {
    /// What was agreed to for good, then what was agreed to until the daemon stops.
    grants: Vec<Agreed>,
}

/// Calls that need not be asked about.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Agreed {
    /// Names it where it is taken back.
    id: String,
    /// Whether it is for good, and not only until the daemon stops.
    is_for_good: bool,
    /// Who may call.
    caller: String,
    /// The connector.
    connector: String,
    /// The server's name for the tool.
    tool: String,
    /// The rule that asked, by its short name.
    rule: String,
    /// When a person agreed, in seconds since 1970.
    granted_at: u64,
}

impl From<Grant> for Agreed {
    fn from(grant: Grant) -> Self {
        let is_for_good = !grant.id.starts_with(crate::approvals::SESSION);
        let Grant { id, caller, connector, tool, rule, granted_at, .. } = grant;
        Self { id, is_for_good, caller, connector, tool, rule, granted_at }
    }
}

pub(super) async fn grants(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Grants, RpcError> {
    let approvals = desk.approvals.clone();
    let grants = blocking(move || approvals.grants()).await??;
    Ok(Grants { grants: grants.into_iter().map(Agreed::from).collect() })
}

/// Something that was agreed to.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Its id.
    id: String,
}

/// What became of taking it back.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Revoked {
    /// Whether there was such a thing.
    revoked: bool,
}

pub(super) async fn revoke(desk: &Desk, _: &Visitor, which: Which) -> Result<Revoked, RpcError> {
    let approvals = desk.approvals.clone();
    let revoked = blocking(move || approvals.revoke(&which.id)).await??;
    if revoked {
        desk.notices.tell(Notice::AccessChanged {});
    }
    Ok(Revoked { revoked })
}

params!(about a connector:; about none: Said, Which);
