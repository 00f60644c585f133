//! One rule, and how a verdict names it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::pattern::{Pattern, ToolPattern};

/// Kinds of rules, by their key in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleKind {
    /// `deny_tool`: calls of the tool are denied.
    DenyTool,
    /// `deny_connector`: calls of all tools of the connector are denied.
    DenyConnector,
    /// `deny_tool_param`: calls with such a parameter are denied.
    DenyToolParam,
    /// `ask`: a person must agree to the call.
    Ask,
    /// `allow_tool`: only tools in the list may be called.
    AllowTool,
    /// `allow_connector`: only tools of connectors in the list may be called.
    AllowConnector,
    /// The tool's own permission is to ask.
    ToolPermission,
    /// The policy itself cannot be used, which denies everything.
    BrokenPolicy,
}

impl RuleKind {
    /// Returns the key in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DenyTool => "deny_tool",
            Self::DenyConnector => "deny_connector",
            Self::DenyToolParam => "deny_tool_param",
            Self::Ask => "ask",
            Self::AllowTool => "allow_tool",
            Self::AllowConnector => "allow_connector",
            Self::ToolPermission => "tool_permission",
            Self::BrokenPolicy => "broken_policy",
        }
    }
}

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleLocation {
    /// The file.
    pub path: Arc<PathBuf>,
    /// The line, counted from one.
    pub line: usize,
    /// The column, counted from one.
    pub column: usize,
}

impl RuleLocation {
    pub(super) fn new(path: &Path, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|character| *character != '\n').count() + 1;
        Self { path: Arc::new(path.to_owned()), line, column }
    }
}

impl fmt::Display for RuleLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// A rule as a verdict names it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleRef {
    /// What kind of rule it is.
    pub kind: RuleKind,
    /// What it is about, as written.
    pub subject: String,
    /// Whom it is about, as written; everybody where nobody is named.
    pub caller: Option<String>,
    /// Where it stands, for rules that stand in a file.
    pub location: Option<RuleLocation>,
    /// Why it is there, as its author wrote it, or what is wrong with the policy.
    pub reason: Option<String>,
}

/// As front ends show it: `kind`, `subject`, `caller`, `location` (`file:line:column`) and `reason`.
impl Serialize for RuleRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rule = serializer.serialize_struct("RuleRef", 5)?;
        rule.serialize_field("kind", self.kind.as_str())?;
        rule.serialize_field("subject", &self.subject)?;
        rule.serialize_field("caller", &self.caller)?;
        rule.serialize_field("location", &self.location.as_ref().map(ToString::to_string))?;
        rule.serialize_field("reason", &self.reason)?;
        rule.end()
    }
}

/// What [`Serialize`] writes.
#[cfg(feature = "schema")]
impl schemars::JsonSchema for RuleRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RuleRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A rule as a verdict names it.",
            "type": "object",
            "properties": {
                "kind": { "description": "What kind of rule it is: its key in the file.", "type": "string" },
                "subject": { "description": "What it is about, as written.", "type": "string" },
                "caller": {
                    "description": "Whom it is about, as written; everybody where nobody is named.",
                    "type": ["string", "null"]
                },
                "location": {
                    "description": "Where it stands, `file:line:column`, for rules that stand in a file.",
                    "type": ["string", "null"]
                },
                "reason": {
                    "description": "Why it is there, as its author wrote it, or what is wrong with the policy.",
                    "type": ["string", "null"]
                },
            },
            "required": ["kind", "subject", "caller", "location", "reason"],
        })
    }
}

impl RuleRef {
    /// Returns the rule in short: its kind, what it is about, and whom.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = self.kind.as_str().to_owned();
        if !self.subject.is_empty() {
            name.push_str(&format!(" {:?}", self.subject));
        }
        if let Some(caller) = &self.caller {
            name.push_str(&format!(" for {caller:?}"));
        }
        name
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())?;
        if let Some(location) = &self.location {
            write!(formatter, " at {location}")?;
        }
        if let Some(reason) = &self.reason {
            write!(formatter, ": {reason}")?;
        }
        Ok(())
    }
}

/// A rule as it is applied.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) matcher: Matcher,
    /// Whom it is about; everybody where nobody is named.
    pub(super) caller: Option<Pattern>,
    pub(super) reference: RuleRef,
}

/// What a rule looks at.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    Tool(ToolPattern),
    Connector(Pattern),
    Parameter { tool: ToolPattern, parameter: Parameter },
}

/// A parameter, and what makes it objectionable.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    /// The members on the way to it; `*` stands for any member or element.
    pub(super) path: Vec<String>,
    pub(super) test: ParameterTest,
}

/// What makes a parameter objectionable.
#[derive(Clone, Debug)]
pub(super) enum ParameterTest {
    /// That it is there at all.
    Present,
    /// That it is a text, a number or a boolean that fits.
    Pattern(Pattern),
    /// That it is exactly this value.
    Equals(Value),
}

impl Parameter {
    /// Says whether any value that the path leads to is objectionable.
    pub(super) fn matches(&self, arguments: &Value) -> bool {
        self.search(&self.path, arguments)
    }

    fn search(&self, path: &[String], value: &Value) -> bool {
        let Some((step, rest)) = path.split_first() else { return self.test.matches(value) };
        match value {
            Value::Object(members) if step == "*" => members.values().any(|value| self.search(rest, value)),
            Value::Array(items) if step == "*" => items.iter().any(|value| self.search(rest, value)),
            Value::Object(members) => members.get(step).is_some_and(|value| self.search(rest, value)),
            Value::Array(items) => step
                .parse()
                .ok()
                .and_then(|index: usize| items.get(index))
                .is_some_and(|value| self.search(rest, value)),
            _ => false,
        }
    }
}

impl ParameterTest {
    fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Present, _) => true,
            (Self::Equals(expected), _) => expected == value,
            (Self::Pattern(pattern), Value::String(text)) => pattern.matches(text),
            (Self::Pattern(pattern), Value::Number(_) | Value::Bool(_)) => {
                pattern.matches(&value.to_string())
            }
            // An objectionable text must not hide in a list.
            (Self::Pattern(_), Value::Array(items)) => items.iter().any(|item| self.matches(item)),
            (Self::Pattern(_), _) => false,
        }
    }
}
