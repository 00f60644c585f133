//! Which records are wanted.

use super::record::EventRecord;

/// How many records one page has where the filter does not say.
const USUAL_LIMIT: usize = 1000;

/// Which records are wanted. Everything that is set must fit.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct EventFilter {
    /// The server's name for the tool or for what else was asked for, or a tool's canonical name.
    pub tool: Option<String>,
    /// The connector's slug.
    pub connector: Option<String>,
    /// The only connectors, by slug, for whoever may not see the others; records of none are left out then.
    pub only_connectors: Option<Vec<String>>,
    /// Who asked.
    pub who: Option<String>,
    /// What was decided, or how the call ended.
    pub outcome: Option<String>,
    /// A text that any member of the record contains, whatever the case of its letters.
    pub text: Option<String>,
    /// Only records with smaller numbers, for paging back.
    pub before: Option<u64>,
    /// The earliest time, RFC 3339 in UTC; a beginning such as `2026-07-28` is enough.
    pub since: Option<String>,
    /// The most records; a thousand where none is given.
    pub limit: Option<usize>,
}

impl EventFilter {
    /// Wants the last records, whatever they are about.
    #[must_use]
    pub fn last(limit: usize) -> Self {
        Self { limit: Some(limit), ..Self::default() }
    }

    /// Adds a tool.
    #[must_use]
    pub fn with_tool(mut self, tool: impl Into<String>) -> Self {
        self.tool = Some(tool.into());
        self
    }

    /// Adds a connector.
    #[must_use]
    pub fn with_connector(mut self, connector: impl Into<String>) -> Self {
        self.connector = Some(connector.into());
        self
    }

    /// Leaves out what is of no connector, or of another one than these.
    #[must_use]
    pub fn with_only_connectors(mut self, slugs: impl IntoIterator<Item = String>) -> Self {
        self.only_connectors = Some(slugs.into_iter().collect());
        self
    }

    /// Adds who asked.
    #[must_use]
    pub fn with_who(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }

    /// Adds what was decided, or how the call ended.
    #[must_use]
    pub fn with_outcome(mut self, outcome: impl Into<String>) -> Self {
        self.outcome = Some(outcome.into());
        self
    }

    /// Adds a text to look for.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Adds the number that records come before.
    #[must_use]
    pub const fn with_before(mut self, before: u64) -> Self {
        self.before = Some(before);
        self
    }

    /// Adds an earliest time.
    #[must_use]
    pub fn with_since(mut self, since: impl Into<String>) -> Self {
        self.since = Some(since.into());
        self
    }

    /// Makes the filter ready to look at many records.
    pub(super) fn search(&self) -> Search<'_> {
        Search {
            filter: self,
            text: self.text.as_ref().map(|text| text.to_lowercase()).filter(|text| !text.is_empty()),
            limit: self.limit.unwrap_or(USUAL_LIMIT),
        }
    }
}

/// A filter at work.
pub(super) struct Search<'a> {
    filter: &'a EventFilter,
    /// In lower case.
    text: Option<String>,
    pub(super) limit: usize,
}

impl Search<'_> {
    /// Says whether a record comes too late to be looked at.
    pub(super) fn is_past(&self, seq: u64) -> bool {
        self.filter.before.is_some_and(|before| seq >= before)
    }

    pub(super) fn fits(&self, record: &EventRecord) -> bool {
        let same =
            |wanted: &Option<String>, found: &[&Option<String>]| wanted.is_none() || found.contains(&wanted);
        let filter = self.filter;
        !self.is_past(record.seq)
            && same(&filter.tool, &[&record.tool, &record.canonical])
            && same(&filter.connector, &[&record.connector])
            && filter.only_connectors.as_ref().is_none_or(|slugs| is_of(record, slugs))
            && same(&filter.who, &[&record.who])
            && same(&filter.outcome, &[&record.verdict, &record.outcome])
            && filter.since.as_ref().is_none_or(|since| record.time >= *since)
            && self.text.as_ref().is_none_or(|text| contains(record, text))
    }
}

fn is_of(record: &EventRecord, slugs: &[String]) -> bool {
    record.connector.as_ref().is_some_and(|slug| slugs.contains(slug))
}

/// Looks for a text in lower case in everything that a person reads of a record.
fn contains(record: &EventRecord, text: &str) -> bool {
    let members = [
        &record.who,
        &record.connector,
        &record.tool,
        &record.canonical,
        &record.method,
        &record.verdict,
        &record.rule,
        &record.rule_location,
        &record.outcome,
        &record.trace_id,
        &record.note,
    ];
    let arguments = record.arguments.as_ref().map(|arguments| arguments.get());
    members
        .into_iter()
        .filter_map(Option::as_deref)
        .chain([&*record.time])
        .chain(arguments)
        .any(|member| member.to_lowercase().contains(text))
}
