//! Changing the policy's file: rules come and go, everything else in it stays as its author wrote it.
//!
//! The text is changed where the rule stands and nowhere else; what comes out is read again, and has to say exactly what
//! it should before it takes the file's place.

use std::ops::Range;

use toml_edit::{Array, Document, Item, TableLike, Value};

use super::{Policy, PolicyFile, RuleKind, RuleRef, place, replace::order};
use crate::EngineError;

/// The longest subject, caller or reason that is added. The names of tools and connectors are far shorter.
const LONGEST_TEXT: usize = 1024;

/// A rule that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewRule {
    /// `deny_tool`, `deny_connector` or `ask`.
    pub kind: RuleKind,
    /// What it is about, as the file has it: a connector's slug, or a tool as `slug/tool` or by its canonical name; `*`
    /// stands for any run of characters.
    pub subject: String,
    /// Whom it is about, with `*` as above; everybody where nobody is named.
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

    /// Names whom it is about.
    #[must_use]
    pub fn with_caller(mut self, caller: impl Into<String>) -> Self {
        self.caller = Some(caller.into());
        self
    }

    /// Says why it is there.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    fn check(&self) -> Result<(), EngineError> {
        member(self.kind)?;
        let texts = [("subject", Some(&self.subject)), ("caller", self.caller.as_ref())];
        for (name, text) in texts.into_iter().chain([("reason", self.reason.as_ref())]) {
            let Some(text) = text else { continue };
            if text.is_empty() || text.len() > LONGEST_TEXT || text.contains(char::is_control) {
                let length = text.len();
                let wanted = format!("a text of 1 to {LONGEST_TEXT} bytes without control characters");
                return Err(invalid(format!("{name}: expected {wanted}, found one of {length} bytes")));
            }
        }
        self.check_tool()
    }

    /// A rule that can be about no tool would stand there as if it protected something.
    fn check_tool(&self) -> Result<(), EngineError> {
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'*');
        let about_tools = matches!(self.kind, RuleKind::DenyTool | RuleKind::Ask);
        if about_tools && !self.subject.contains('/') && !self.subject.bytes().all(is_of_name) {
            let wanted = "a tool as CONNECTOR/TOOL, or its canonical name (letters, digits, `_`, `-`)";
            return Err(invalid(format!("subject: expected {wanted}, found {:?}", self.subject)));
        }
        Ok(())
    }

    fn is(&self, rule: &RuleRef) -> bool {
        rule.kind == self.kind && rule.subject == self.subject && rule.caller == self.caller
    }
}

impl PolicyFile {
    /// Adds a rule. One of this kind about the same and for the same caller is not added again.
    ///
    /// Blocks: the file is locked against other processes that change it this way, and put in place in one step. Editors
    /// know no lock: what one saves in the same moment may be lost, as between two editors.
    ///
    /// # Errors
    /// [`EngineError::InvalidRule`] when the kind cannot be added so, a text is not one, or no tool can have the subject's name,
    /// [`EngineError::BrokenPolicy`], [`EngineError::Policy`] and [`EngineError::PolicyLocked`] when the file cannot be
    /// understood, read or written; it stays as it was then.
    pub fn add_rule(&self, rule: &NewRule) -> Result<RuleRef, EngineError> {
        rule.check()?;
        let editing = self.edit()?;
        let is_there = |policy: &Policy| policy.rules().into_iter().find(|known| rule.is(known));
        if let Some(known) = is_there(&editing.policy) {
            return Ok(known);
        }
        let mut expected = said(&editing.policy);
        expected.push((rule.kind, rule.subject.clone(), rule.caller.clone(), rule.reason.clone()));
        let policy = editing.put(added(&editing.text, rule)?, expected)?;
        Ok(is_there(&policy).expect("the policy was just found to say exactly this"))
    }

    /// Removes every rule of this kind about exactly this, whoever it is about, and returns how many there were. Comments
    /// stay, except on a rule's own line. Blocks as [`add_rule`](Self::add_rule).
    ///
    /// # Errors
    /// As [`add_rule`](Self::add_rule).
    pub fn remove_rule(&self, kind: RuleKind, subject: &str) -> Result<usize, EngineError> {
        member(kind)?;
        let editing = self.edit()?;
        let mut expected = said(&editing.policy);
        let before = expected.len();
        expected.retain(|(known, about, ..)| *known != kind || about != subject);
        let count = before - expected.len();
        if count > 0 {
            let mut text = editing.text.clone();
            while let Some(shorter) = without_one(&text, kind, subject)? {
                text = shorter;
            }
            editing.put(text, expected)?;
        }
        Ok(count)
    }
}

/// What a rule says, without the place where it stands.
pub(super) type Said = (RuleKind, String, Option<String>, Option<String>);

/// What a policy says, in an order that does not depend on where its rules stand. The heads of allow lists are part of
/// it: an empty list denies everything.
pub(super) fn said(policy: &Policy) -> Vec<Said> {
    let mut all: Vec<Said> =
        policy.rules().into_iter().map(|rule| (rule.kind, rule.subject, rule.caller, rule.reason)).collect();
    all.sort_by(|one, two| order(one).cmp(&order(two)));
    all
}

/// Returns the member that names what a rule of this kind is about.
fn member(kind: RuleKind) -> Result<&'static str, EngineError> {
    match kind {
        RuleKind::DenyConnector => Ok("connector"),
        RuleKind::DenyTool | RuleKind::Ask => Ok("tool"),
        other => {
            let found = other.as_str();
            Err(invalid(format!("kind: expected deny_tool, deny_connector or ask, found {found}")))
        }
    }
}

fn invalid(reason: String) -> EngineError {
    EngineError::InvalidRule { reason }
}

fn parsed(text: &str) -> Result<Document<&str>, EngineError> {
    // The policy was read from this very text before.
    Document::parse(text).map_err(|error| invalid(error.to_string()))
}

/// Returns the text with one rule more: in the list, where the file has one for its kind, and else at the end.
fn added(text: &str, rule: &NewRule) -> Result<String, EngineError> {
    let document = parsed(text)?;
    let about = member(rule.kind)?;
    let members =
        [(about, Some(&rule.subject)), ("caller", rule.caller.as_ref()), ("reason", rule.reason.as_ref())];
    let members = members.into_iter().filter_map(|(name, text)| Some(format!("{name} = {}", quoted(text?))));
    let members: Vec<String> = members.collect();
    let mut changed = text.to_owned();
    match document.as_table().get(rule.kind.as_str()).and_then(Item::as_array) {
        Some(list) => {
            let entry = match members.len() {
                1 => quoted(&rule.subject),
                _ => format!("{{ {} }}", members.join(", ")),
            };
            place::insert_last(&mut changed, &elements(list)?, span(list.span())?, &entry);
        }
        None => {
            let newline = place::newline(text);
            if !text.is_empty() {
                changed.push_str(if text.ends_with('\n') { "" } else { newline });
                changed.push_str(newline);
            }
            changed.push_str(&format!(
                "[[{}]]{newline}{}{newline}",
                rule.kind.as_str(),
                members.join(newline)
            ));
        }
    }
    Ok(changed)
}

/// Returns the text without the first rule of this kind about exactly this, if there is one.
fn without_one(text: &str, kind: RuleKind, subject: &str) -> Result<Option<String>, EngineError> {
    let document = parsed(text)?;
    let (item, about) = (document.as_table().get(kind.as_str()), member(kind)?);
    let is_it = |table: &dyn TableLike| table.get(about).and_then(Item::as_str) == Some(subject);
    let mut changed = text.to_owned();
    if let Some(tables) = item.and_then(Item::as_array_of_tables) {
        let Some(table) = tables.iter().find(|table| is_it(*table)) else { return Ok(None) };
        let ends = table.iter().filter_map(|(_, item)| Some(item.span()?.end));
        let header = span(table.span())?;
        place::remove_lines(&mut changed, header.start..ends.fold(header.end, usize::max));
    } else if let Some(list) = item.and_then(Item::as_array) {
        let found = list.iter().position(|value| match value {
            Value::InlineTable(table) => is_it(table),
            value => value.as_str() == Some(subject),
        });
        let Some(found) = found else { return Ok(None) };
        place::remove_element(&mut changed, &elements(list)?, found);
    } else {
        return Ok(None);
    }
    Ok(Some(changed))
}

fn elements(list: &Array) -> Result<Vec<Range<usize>>, EngineError> {
    list.iter().map(|value| span(value.span())).collect()
}

fn span(span: Option<Range<usize>>) -> Result<Range<usize>, EngineError> {
    span.ok_or_else(|| invalid("the place of a rule in the file is not known".to_owned()))
}

/// Writes a text as TOML has it, always on one line.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
