//! `car policy`: which rules there are, which one decides, and the commands that add and remove them.

mod edit;

use car_connectors::engine::{PolicyRequest, RuleRef};
use car_connectors::{ConnectorManager, canonical_names};
use serde::Serialize;
use serde_json::Value;

use crate::call_arguments;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Show the policy, what it says to a tool, or change it
#[derive(clap::Args)]
pub(crate) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List the rules, in the order in which they are looked at
    List,
    /// Say what the policy decides about a call, and by which rule
    Explain(Explain),
    /// Deny the calls of a connector's tools, or of one tool
    Deny(edit::Added),
    /// Have a person asked before each call
    Ask(edit::Added),
    /// Take back every rule that denies or asks about exactly this
    #[command(visible_alias = "allow")]
    Remove(edit::Removed),
}

#[derive(clap::Args)]
struct Explain {
    /// The tool, as CONNECTOR/TOOL or by its canonical name
    tool: String,
    /// Who calls: `car`, `page`, `token:NAME`
    #[arg(long, value_name = "CALLER", default_value = "car")]
    caller: String,
    /// The call's arguments, as for `car call`
    #[arg(value_name = "JSON | KEY=VALUE")]
    arguments: Vec<String>,
}

/// Shows rules.
pub(crate) async fn run(context: &Context, arguments: Policy) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    match arguments.what {
        What::List => list(context, &manager),
        What::Explain(arguments) => explain(context, &manager, &arguments).await,
        What::Deny(added) => edit::deny(context, &manager, &added),
        What::Ask(added) => edit::ask(context, &manager, &added),
        What::Remove(removed) => edit::remove(context, &manager, &removed),
    }
}

fn list(context: &Context, manager: &ConnectorManager) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer {
        path: String,
        problem: Option<RuleRef>,
        rules: Vec<RuleRef>,
    }
    let file = manager.policy();
    let policy = file.current();
    let problem = policy.problem();
    let path = file.path().display().to_string();
    let answer = Answer { path, problem: problem.cloned(), rules: policy.rules() };
    let screen = &context.screen;
    screen.result(&answer, || {
        if answer.rules.is_empty() {
            return String::new();
        }
        let mut table = screen.table(["RULE", "ABOUT", "WHERE", "WHY"]);
        for rule in &answer.rules {
            let location = rule.location.as_ref().map(ToString::to_string).unwrap_or_default();
            table.row([
                rule.kind.as_str(),
                &rule.subject,
                &location,
                rule.reason.as_deref().unwrap_or_default(),
            ]);
        }
        table.text()
    });
    if answer.rules.is_empty() {
        screen
            .note(format_args!("no rules: every enabled tool may be called; rules go into {}", answer.path));
    }
    if let Some(problem) = problem.filter(|_| !screen.is_json()) {
        screen.warning(&format!("the policy cannot be used, so every call is denied: {problem}"));
    }
    Ok(if problem.is_some() { Exit::Failed } else { Exit::Done })
}

async fn explain(
    context: &Context,
    manager: &ConnectorManager,
    arguments: &Explain,
) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        connector: &'a str,
        tool: &'a str,
        canonical: &'a str,
        enabled: bool,
        verdict: &'static str,
        rule: Option<RuleRef>,
        rules: Vec<RuleRef>,
    }
    let subject = Subject::find(manager, &arguments.tool).await?;
    let parameters = match arguments.arguments.is_empty() {
        true => None,
        false => {
            let raw = call_arguments::from_words(&arguments.arguments, None)?;
            serde_json::from_str::<Value>(raw.get()).ok()
        }
    };
    let mut request = PolicyRequest::new(&subject.canonical, &subject.connector, &subject.tool)
        .with_caller(&arguments.caller);
    if let Some(parameters) = &parameters {
        request = request.with_arguments(parameters);
    }
    let policy = manager.policy().current();
    let verdict = policy.decide(&request);
    let word = verdict.as_str();
    let rules = policy.explain(&request);
    let answer = Answer {
        connector: &subject.connector,
        tool: &subject.tool,
        canonical: &subject.canonical,
        enabled: subject.enabled,
        verdict: word,
        rule: verdict.rule().cloned(),
        rules: rules.clone(),
    };
    context.screen.result(&answer, || {
        let by =
            verdict.rule().map_or_else(|| "no rule is against it".to_owned(), |rule| format!("by {rule}"));
        let mut text = format!("{word} {}/{}: {by}", subject.connector, subject.tool);
        if !subject.enabled {
            text.push_str("\nit is not enabled: a call is refused before the policy is asked");
        }
        for rule in rules.iter().filter(|rule| verdict.rule() != Some(*rule)) {
            text.push_str(&format!("\nalso about it: {rule}"));
        }
        text
    });
    Ok(Exit::Done)
}

/// The tool that is asked about.
struct Subject {
    connector: String,
    tool: String,
    canonical: String,
    enabled: bool,
}

impl Subject {
    /// Finds a tool by `CONNECTOR/TOOL`, or an enabled one by its canonical name.
    async fn find(manager: &ConnectorManager, given: &str) -> Result<Self, Failure> {
        let known = manager.list().await?.into_iter().filter(|known| known.state.is_in_use());
        let slugs: Vec<String> = known.map(|known| known.slug).collect();
        if let Some((connector, tool)) = given.split_once('/') {
            let canonical = canonical_names(connector, [tool], &slugs).remove(tool).unwrap_or_default();
            let enabled = manager.enabled_tools(connector).await?.iter().any(|name| name == tool);
            return Ok(Self { connector: connector.to_owned(), tool: tool.to_owned(), canonical, enabled });
        }
        for connector in &slugs {
            let enabled = manager.enabled_tools(connector).await?;
            let names = canonical_names(connector, enabled.iter().map(String::as_str), &slugs);
            if let Some((tool, canonical)) = names.into_iter().find(|(_, canonical)| canonical == given) {
                let (connector, tool) = (connector.clone(), tool.to_owned());
                return Ok(Self { connector, tool, canonical, enabled: true });
            }
        }
        Err(Failure::new("not_found", format!("there is no enabled tool {given:?}"))
            .hinted("name it as CONNECTOR/TOOL, which also works for a tool that is not enabled"))
    }
}
