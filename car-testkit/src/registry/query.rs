//! What is asked of a registry.

use std::borrow::Cow;

/// How many entries a page has if nothing is said.
const DEFAULT_LIMIT: usize = 30;
/// How many it has at most.
const MAX_LIMIT: usize = 100;

/// The query of a list.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) limit: usize,
    pub(super) cursor: Option<String>,
    pub(super) search: Option<String>,
    pub(super) version: Option<String>,
    pub(super) updated_since: Option<String>,
    pub(super) with_deleted: Option<bool>,
}

impl Query {
    /// Reads a query. The error is a status and what is wrong.
    pub(super) fn read(query: &str) -> Result<Self, (u16, String)> {
        let mut read = Self { limit: DEFAULT_LIMIT, ..Self::default() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "limit" => read.limit = limit(&value)?,
                "cursor" => read.cursor = some(value),
                "search" => read.search = some(value),
                "version" => read.version = some(value),
                "updated_since" if is_time(&value) => read.updated_since = some(value),
                "updated_since" => return Err((400, format!("updated_since is no time: {value}"))),
                "include_deleted" => read.with_deleted = Some(value == "true"),
                _ => {}
            }
        }
        if read.updated_since.is_some() && read.with_deleted == Some(false) {
            return Err((400, "updated_since always includes deleted servers".to_owned()));
        }
        Ok(read)
    }
}

fn some(value: Cow<'_, str>) -> Option<String> {
    Some(value.into_owned()).filter(|value| !value.is_empty())
}

fn limit(value: &str) -> Result<usize, (u16, String)> {
    match value.parse() {
        Ok(limit @ 1..=MAX_LIMIT) => Ok(limit),
        _ => Err((422, format!("limit: expected a number from 1 to {MAX_LIMIT}, found {value}"))),
    }
}

/// Whether a text looks like a time (RFC 3339).
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[10] == b'T'
        && (text.ends_with('Z') || text[19..].contains(['+', '-']))
}

/// Whether a time is after another one; both are in UTC.
pub(super) fn is_after(one: &str, other: &str) -> bool {
    one.trim_end_matches('Z') > other.trim_end_matches('Z')
}

/// Decodes one segment of a path.
pub(super) fn decoded(segment: &str) -> String {
    // A plus is a plus in a path: only the escapes count.
    let escaped = segment.replace('+', "%2B");
    let mut all = url::form_urlencoded::parse(escaped.as_bytes());
    all.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}
