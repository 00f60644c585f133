//! `car policy deny`, `ask` and `remove`: rules come and go, the rest of the file stays as its author wrote it.

use car_connectors::ConnectorManager;
use car_connectors::engine::{EngineError, NewRule, RuleKind, RuleRef};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Failure, causes};

/// A rule that is to be added.
#[derive(clap::Args)]
pub(super) struct Added {
    /// What it is about: a connector, or a tool as CONNECTOR/TOOL or by its canonical name; `*` stands for anything
    #[arg(value_name = "CONNECTOR[/TOOL]")]
    subject: String,
    /// Only calls of this caller: `car`, `page`, `token:NAME`; `*` stands for anything
    #[arg(long, value_name = "CALLER")]
    caller: Option<String>,
    /// Why, for whoever meets it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What is removed.
#[derive(clap::Args)]
pub(super) struct Removed {
    /// What the rules are about, exactly as `car policy list` has it
    #[arg(value_name = "CONNECTOR[/TOOL]")]
    subject: String,
    /// Only rules of this kind
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Option<Kind>,
}

/// Kinds of rules that come and go by command.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// Calls are denied
    Deny,
    /// A person is asked
    Ask,
}

/// Adds a rule that denies.
pub(super) fn deny(context: &Context, manager: &ConnectorManager, added: &Added) -> Result<Exit, Failure> {
    let kind = match is_tool(&added.subject) {
        true => RuleKind::DenyTool,
        false => RuleKind::DenyConnector,
    };
    add(context, manager, kind, &added.subject, added)
}

/// Adds a rule that asks. Its subject is always a tool, if need be any of a connector.
pub(super) fn ask(context: &Context, manager: &ConnectorManager, added: &Added) -> Result<Exit, Failure> {
    add(context, manager, RuleKind::Ask, &tools_of(&added.subject), added)
}

fn add(
    context: &Context,
    manager: &ConnectorManager,
    kind: RuleKind,
    subject: &str,
    added: &Added,
) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer {
        added: RuleRef,
    }
    let mut rule = NewRule::new(kind, subject);
    rule.caller.clone_from(&added.caller);
    rule.reason.clone_from(&added.reason);
    let rule = manager.policy().add_rule(&rule).map_err(failure)?;
    let text = rule.to_string();
    context.screen.result(&Answer { added: rule }, || format!("added {text}"));
    Ok(Exit::Done)
}

/// Removes every rule that denies or asks about exactly this.
pub(super) fn remove(
    context: &Context,
    manager: &ConnectorManager,
    removed: &Removed,
) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer {
        removed: usize,
    }
    let (policy, subject) = (manager.policy(), removed.subject.as_str());
    let tools = tools_of(subject);
    let mut count = 0;
    if !matches!(removed.kind, Some(Kind::Ask)) {
        for kind in [RuleKind::DenyTool, RuleKind::DenyConnector] {
            count += policy.remove_rule(kind, subject).map_err(failure)?;
        }
    }
    if !matches!(removed.kind, Some(Kind::Deny)) {
        count += policy.remove_rule(RuleKind::Ask, subject).map_err(failure)?;
        if tools != subject {
            count += policy.remove_rule(RuleKind::Ask, &tools).map_err(failure)?;
        }
    }
    if count == 0 {
        return Err(Failure::new("not_found", format!("no such rule is about exactly {subject:?}")).hinted(
            "`car policy list` shows the rules, `car policy explain` which of them are about a tool",
        ));
    }
    context.screen.result(&Answer { removed: count }, || match count {
        1 => format!("removed one rule about {subject}"),
        count => format!("removed {count} rules about {subject}"),
    });
    Ok(Exit::Done)
}

/// Whether a tool is meant, not a connector: slugs have no slash, and canonical names begin as no slug is typed.
fn is_tool(subject: &str) -> bool {
    subject.contains('/') || subject.starts_with("mcp_")
}

/// Names the tools that are meant: of a connector all.
fn tools_of(subject: &str) -> String {
    if is_tool(subject) { subject.to_owned() } else { format!("{subject}/*") }
}

fn failure(error: EngineError) -> Failure {
    Failure { causes: causes(&error), ..Failure::new("storage", error.to_string()) }
        .hinted("`car policy list` says what is wrong with the file; it has not been changed")
}
