//! Reading `policy.toml`. Whatever is not understood makes a policy that denies everything and says why.

use std::{ops::Range, path::Path};

use serde_json::Value;
use toml_edit::{Document, Item, TableLike};

use super::{
    decide::{AllowList, Policy},
    pattern::{Pattern, ToolPattern},
    rule::{Matcher, Parameter, ParameterTest, Rule, RuleKind, RuleLocation, RuleRef},
};

/// What is wrong, and where.
type Problem = (Option<Range<usize>>, String);

impl Policy {
    /// Reads a policy. It never fails: one that cannot be understood denies everything, and
    /// [`problem`](Self::problem) says why.
    #[must_use]
    pub fn parse(path: &Path, text: &str) -> Self {
        let file = Source { path, text };
        let read = Document::parse(text)
            .map_err(|error| (error.span(), error.message().to_owned()))
            .and_then(|document| file.read(document.as_table()));
        read.unwrap_or_else(|(span, message)| Self::broken(Some(file.location(span.as_ref())), message))
    }

    /// Makes a policy that denies everything.
    pub(super) fn broken(location: Option<RuleLocation>, reason: String) -> Self {
        let rule = RuleRef {
            kind: RuleKind::BrokenPolicy,
            subject: String::new(),
            caller: None,
            location,
            reason: Some(reason),
        };
        Self { broken: Some(rule), ..Self::default() }
    }
}

struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

/// An entry as written: `"docs/*"`, or a table with `tool = "docs/*"` and more.
struct Entry<'a> {
    subject: String,
    span: Option<Range<usize>>,
    caller: Option<String>,
    reason: Option<String>,
    table: Option<&'a dyn TableLike>,
}

impl Source<'_> {
    fn location(&self, span: Option<&Range<usize>>) -> RuleLocation {
        RuleLocation::new(self.path, self.text, span.map_or(0, |span| span.start))
    }

    fn read(&self, document: &dyn TableLike) -> Result<Policy, Problem> {
        let mut policy = Policy::default();
        for (key, item) in document.iter() {
            let kind = match key {
                "deny_tool" => RuleKind::DenyTool,
                "deny_connector" => RuleKind::DenyConnector,
                "deny_tool_param" => RuleKind::DenyToolParam,
                "ask" => RuleKind::Ask,
                "allow_tool" => RuleKind::AllowTool,
                "allow_connector" => RuleKind::AllowConnector,
                other => {
                    let span = document.key(other).and_then(|key| key.span());
                    return Err((
                        span,
                        format!(
                            "unknown rule {other:?}: expected deny_tool, deny_connector, deny_tool_param, ask, allow_tool or allow_connector"
                        ),
                    ));
                }
            };
            let span = document.key(key).and_then(|key| key.span()).or_else(|| item.span());
            let rules = self.rules(kind, item)?;
            match kind {
                RuleKind::Ask => policy.ask = rules,
                RuleKind::AllowTool => policy.allow_tool = Some(self.allow_list(kind, span, rules)),
                RuleKind::AllowConnector => policy.allow_connector = Some(self.allow_list(kind, span, rules)),
                _ => policy.deny.extend(rules),
            }
        }
        Ok(policy)
    }

    fn allow_list(&self, kind: RuleKind, span: Option<Range<usize>>, rules: Vec<Rule>) -> AllowList {
        let reference = RuleRef {
            kind,
            subject: String::new(),
            caller: None,
            location: Some(self.location(span.as_ref())),
            reason: Some("nothing in the list matches".to_owned()),
        };
        AllowList { rules, reference }
    }

    fn rules(&self, kind: RuleKind, item: &Item) -> Result<Vec<Rule>, Problem> {
        let subject = match kind {
            RuleKind::DenyConnector | RuleKind::AllowConnector => "connector",
            _ => "tool",
        };
        let expected = || (item.span(), format!("expected a list of texts or of tables with {subject:?}"));
        let entries: Vec<Entry<'_>> = if let Some(tables) = item.as_array_of_tables() {
            tables.iter().map(|table| entry(subject, table, table.span())).collect::<Result<_, _>>()?
        } else if let Some(list) = item.as_array() {
            list.iter()
                .map(|value| match (value.as_str(), value.as_inline_table()) {
                    (Some(text), _) => {
                        let (subject, span) = (text.to_owned(), value.span());
                        Ok(Entry { subject, span, caller: None, reason: None, table: None })
                    }
                    (None, Some(table)) => entry(subject, table, value.span()),
                    (None, None) => {
                        Err((value.span(), format!("expected a text or a table with {subject:?}")))
                    }
                })
                .collect::<Result<_, _>>()?
        } else {
            return Err(expected());
        };
        entries.into_iter().map(|entry| self.rule(kind, entry)).collect()
    }

    fn rule(&self, kind: RuleKind, entry: Entry<'_>) -> Result<Rule, Problem> {
        if entry.subject.is_empty() {
            return Err((entry.span, "expected a name, found an empty text".to_owned()));
        }
        let mut subject = entry.subject.clone();
        let matcher = match kind {
            RuleKind::DenyConnector | RuleKind::AllowConnector => {
                Matcher::Connector(Pattern::new(&entry.subject))
            }
            RuleKind::DenyToolParam => {
                let (parameter, name) = parameter(&entry)?;
                subject = format!("{subject} {name}");
                Matcher::Parameter { tool: ToolPattern::new(&entry.subject), parameter }
            }
            _ => {
                if let Some(table) = entry.table {
                    only(table, &["tool", "caller", "reason"])?;
                }
                Matcher::Tool(ToolPattern::new(&entry.subject))
            }
        };
        if let (Matcher::Connector(_), Some(table)) = (&matcher, entry.table) {
            only(table, &["connector", "caller", "reason"])?;
        }
        let location = Some(self.location(entry.span.as_ref()));
        let caller = entry.caller.as_deref().map(Pattern::new);
        let reference = RuleRef { kind, subject, caller: entry.caller, location, reason: entry.reason };
        Ok(Rule { matcher, caller, reference })
    }
}

fn entry<'a>(
    subject: &str,
    table: &'a dyn TableLike,
    span: Option<Range<usize>>,
) -> Result<Entry<'a>, Problem> {
    let Some(name) = text(table, subject)? else {
        return Err((span, format!("expected {subject:?} in this rule, found none")));
    };
    let caller = text(table, "caller")?;
    if caller.as_ref().is_some_and(String::is_empty) {
        let span = table.get("caller").and_then(Item::span);
        return Err((span, "expected who calls, found an empty text".to_owned()));
    }
    // The header of a table is where a person looks for the rule; the table itself ends far below.
    Ok(Entry { subject: name, span, caller, reason: text(table, "reason")?, table: Some(table) })
}

fn text(table: &dyn TableLike, key: &str) -> Result<Option<String>, Problem> {
    let Some(item) = table.get(key) else { return Ok(None) };
    match item.as_str() {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err((item.span(), format!("expected a text for {key:?}, found {}", item.type_name()))),
    }
}

/// Refuses members that nobody reads: a misspelt one would weaken its rule in silence.
fn only(table: &dyn TableLike, known: &[&str]) -> Result<(), Problem> {
    match table.iter().find(|(key, _)| !known.contains(key)) {
        None => Ok(()),
        Some((key, item)) => {
            let span = table.key(key).and_then(|key| key.span()).or_else(|| item.span());
            Err((span, format!("unknown member {key:?}: expected {}", known.join(", "))))
        }
    }
}

fn parameter(entry: &Entry<'_>) -> Result<(Parameter, String), Problem> {
    let missing = || (entry.span.clone(), "expected \"parameter\" in this rule, found none".to_owned());
    let table = entry.table.ok_or_else(missing)?;
    only(table, &["tool", "parameter", "pattern", "value", "caller", "reason"])?;
    let name = text(table, "parameter")?.filter(|name| !name.is_empty()).ok_or_else(missing)?;
    let path = name
        .strip_prefix('/')
        .unwrap_or(&name)
        .split('/')
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    let test = match (text(table, "pattern")?, table.get("value")) {
        (Some(_), Some(item)) => {
            return Err((item.span(), "expected either \"pattern\" or \"value\", found both".to_owned()));
        }
        (Some(pattern), None) => ParameterTest::Pattern(Pattern::new(&pattern)),
        (None, Some(item)) => ParameterTest::Equals(json(item)?),
        (None, None) => ParameterTest::Present,
    };
    Ok((Parameter { path, test }, name))
}

fn json(item: &Item) -> Result<Value, Problem> {
    if let Some(text) = item.as_str() {
        Ok(text.into())
    } else if let Some(number) = item.as_integer() {
        Ok(number.into())
    } else if let Some(number) = item.as_float() {
        Ok(number.into())
    } else if let Some(boolean) = item.as_bool() {
        Ok(boolean.into())
    } else {
        Err((item.span(), format!("expected a text, a number or a boolean, found {}", item.type_name())))
    }
}
