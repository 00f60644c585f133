//! The policy: its rules, why a call is denied, and rules that come and go.

use car_connectors::canonical_names;
use car_connectors::engine::{NewRule, PolicyRequest, RuleKind, RuleRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::blocking;
use super::{Desk, Nothing, params};
use crate::notices::Notice;
use crate::rpc::RpcError;
use crate::visitor::Visitor;

const ADD: &str = "connectors.policy.add";
const REMOVE: &str = "connectors.policy.remove";

/// The rules, in the order in which they are looked at.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Rules {
    /// The policy's file.
    path: String,
    /// Why the policy cannot be used, so that every call is denied.
    problem: Option<RuleRef>,
    /// The rules.
    rules: Vec<RuleRef>,
}

pub(super) async fn list(desk: &Desk, _: &Visitor, _: Nothing) -> Result<Rules, RpcError> {
    let file = desk.manager.policy();
    let policy = file.current();
    Ok(Rules {
        path: file.path().display().to_string(),
        problem: policy.problem().cloned(),
        rules: policy.rules(),
    })
}

/// A call that the policy is asked about. It is not made.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Explain {
    /// The connector.
    slug: String,
    /// The server's name for the tool.
    tool: String,
    /// The arguments, for rules that look at them.
    arguments: Option<Value>,
    /// Who would call; whoever asks where nothing is said.
    caller: Option<String>,
}

/// What the policy decides, and every rule that matters.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Explained {
    /// `allow`, `ask` or `deny`.
    verdict: &'static str,
    /// The rule that decides.
    rule: Option<RuleRef>,
    /// Every rule that matters.
    rules: Vec<RuleRef>,
    /// Whether the tool is enabled at all.
    enabled: bool,
}

pub(super) async fn explain(desk: &Desk, visitor: &Visitor, explain: Explain) -> Result<Explained, RpcError> {
    let Explain { slug, tool, arguments, caller } = explain;
    let caller = caller.as_deref().unwrap_or(&visitor.name);
    let known = desk.manager.list().await?.into_iter().filter(|known| known.state.is_in_use());
    let slugs: Vec<String> = known.map(|known| known.slug).collect();
    let canonical = canonical_names(&slug, [tool.as_str()], &slugs).remove(tool.as_str()).unwrap_or_default();
    let mut request = PolicyRequest::new(&canonical, &slug, &tool).with_caller(caller);
    if let Some(arguments) = &arguments {
        request = request.with_arguments(arguments);
    }
    let policy = desk.manager.policy().current();
    let verdict = policy.decide(&request);
    Ok(Explained {
        verdict: verdict.as_str(),
        rule: verdict.rule().cloned(),
        rules: policy.explain(&request),
        enabled: desk.manager.enabled_tools(&slug).await?.contains(&tool),
    })
}

/// Kinds of rules that can come and go.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(rename = "RuleKind"))]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// All tools of a connector are denied.
    DenyConnector,
    /// A tool is denied.
    DenyTool,
    /// A person must agree to each call of a tool.
    Ask,
}

impl From<Kind> for RuleKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::DenyConnector => Self::DenyConnector,
            Kind::DenyTool => Self::DenyTool,
            Kind::Ask => Self::Ask,
        }
    }
}

/// A rule that is to be added.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Add {
    /// What kind of rule it is.
    kind: Kind,
    /// What it is about: a connector's slug, or a tool as `slug/tool` or by its canonical name; `*` stands for any run of
    /// characters.
    subject: String,
    /// Whom it is about, with `*` as above; everybody where nobody is named.
    caller: Option<String>,
    /// Why it is there: shown to whoever is denied.
    reason: Option<String>,
}

pub(super) async fn add(desk: &Desk, visitor: &Visitor, add: Add) -> Result<Rules, RpcError> {
    let mut rule = NewRule::new(add.kind.into(), add.subject);
    (rule.caller, rule.reason) = (add.caller, add.reason);
    let manager = desk.manager.clone();
    blocking(move || manager.policy().add_rule(&rule))
        .await?
        .map_err(|error| RpcError::of_policy(ADD, error))?;
    desk.notices.tell(Notice::PolicyChanged {});
    list(desk, visitor, Nothing {}).await
}

/// Rules that are to be removed.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Remove {
    /// What kind of rule it is.
    kind: Kind,
    /// What it is about, exactly as the file has it.
    subject: String,
}

pub(super) async fn remove(desk: &Desk, visitor: &Visitor, remove: Remove) -> Result<Rules, RpcError> {
    let manager = desk.manager.clone();
    let Remove { kind, subject } = remove;
    let kind = RuleKind::from(kind);
    let shown = format!("{} {subject:?}", kind.as_str());
    let removed = blocking(move || manager.policy().remove_rule(kind, &subject)).await?;
    if removed.map_err(|error| RpcError::of_policy(REMOVE, error))? == 0 {
        let hint = "`connectors.policy.list` has all rules, with their subjects as they are written";
        return Err(RpcError::not_found(format!("there is no rule {shown}"), hint));
    }
    desk.notices.tell(Notice::PolicyChanged {});
    list(desk, visitor, Nothing {}).await
}

params!(about a connector: Explain; about none: Add, Remove);
