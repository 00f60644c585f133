//! How much work one value makes with one JSON Schema, counted before the value is checked.
//!
//! ```text
//!  {"$defs": {"a": {"allOf": [{"properties": {"c": {"$ref": "#/$defs/a"}}}, {"properties": {"c": {"$ref": …
//!
//!  value   {"c": {"c": {"c": …     each level is checked twice as often as the one above it:
//!  checks   1     2     4            forty levels are a million million checks
//! ```
//!
//! [`schema_work`](crate::schema_work) bounds what a schema does at one place of a value. What it does on its way down
//! depends on the value, and is counted here: from the root on, each place is told how often each schema is applied to
//! it, and tells its members. Every pair of a schema and a place is looked at once, however often it is checked.
//!
//! The count is exact but for what only a check itself finds out: of `then` and `else` both are counted, of `anyOf` and
//! `oneOf` every branch. `unevaluatedProperties` and `unevaluatedItems` check the branches of their schema once more.
//!
//! Source: JSON Schema 2020-12, "Core", sections 10 and 11.

mod compile;
mod count;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt};

use serde_json::Value;

pub use crate::schema_work::SchemaWorkError;

/// How many schemas may be under way within one another: whoever checks a value recurses as deep as that, on a stack of
/// two megabytes. A value is nested 127 deep at most, and schemas add three or four at each level.
pub const MAX_NESTING: u32 = 1_000;

/// Says whether a member's name fits a pattern of a schema.
pub type Matcher = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// A schema, ready to be counted.
pub struct SchemaCost {
    /// In an order in which each comes before those that it applies to the same value.
    nodes: Vec<Node>,
    /// Nothing for a schema that is `true` or `false`.
    root: Option<usize>,
    /// The most checks that one place of a value can cause; nothing where a value decides that.
    each: Option<u64>,
}

/// One schema: which others it applies, by their numbers.
#[derive(Default)]
struct Node {
    /// To the same value, and checked again where something asks what was evaluated.
    branches: Vec<usize>,
    /// To the same value, by reference and as a consequence of an `if`: only what they evaluate is asked for again.
    follows: Vec<usize>,
    /// To the same value, where it has this member.
    dependent: Vec<(String, usize)>,
    properties: HashMap<String, usize>,
    patterns: Vec<(Matcher, Option<usize>)>,
    /// To members that are in neither of the two.
    additional: Option<usize>,
    has_additional: bool,
    /// Names in `properties` whose schema is `true` or `false`.
    plain: Vec<String>,
    names: Option<usize>,
    prefix: Vec<Option<usize>>,
    items: Option<usize>,
    contains: Option<usize>,
    /// Whether the schema asks what was evaluated, and what is applied to the rest.
    asks: bool,
    unevaluated_members: Option<usize>,
    unevaluated_items: Option<usize>,
}

impl SchemaCost {
    /// Reads a schema. `pattern` makes what matches a `patternProperties` pattern, in the way of whoever checks.
    ///
    /// # Errors
    /// [`SchemaWorkError`], also for references that are not understood here: what cannot be counted is not bounded.
    pub fn new(schema: &Value, pattern: impl FnMut(&str) -> Matcher) -> Result<Self, SchemaWorkError> {
        compile::compile(schema, pattern)
    }

    /// Says without looking at a value that it can cause no more than so many checks.
    #[must_use]
    pub fn is_within(&self, bytes: usize, limit: u64) -> bool {
        // Two bytes are the least that one more place in a JSON text takes.
        self.each.is_some_and(|each| each.saturating_mul(bytes as u64 / 2 + 1) <= limit)
    }

    /// Counts the checks that a value causes, and stops above the limit.
    ///
    /// # Errors
    /// [`SchemaWorkError::TooManyChecks`], and [`SchemaWorkError::TooDeep`] above [`MAX_NESTING`].
    pub fn count(&self, value: &Value, limit: u64) -> Result<u64, SchemaWorkError> {
        count::count(self, value, limit)
    }
}

impl fmt::Debug for SchemaCost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SchemaCost").field("schemas", &self.nodes.len()).finish_non_exhaustive()
    }
}
