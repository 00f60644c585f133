//! How much work a JSON Schema makes of one value, known before any value is checked.
//!
//! ```text
//!  {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}, {"$ref": "#/$defs/b"}]}, "b": {"allOf": [{"$ref": "#/$defs/c"}, …
//!      one step ─▶ two ─▶ four ─▶ eight …: forty lines are a million million steps
//! ```
//!
//! Keywords that apply a schema to the *same* value (`$ref`, `allOf`, `anyOf`, …) are followed and counted, each
//! place once; keywords that go down into the value begin anew. What a schema does on its way down depends on the value,
//! and is counted by [`schema_cost`](crate::schema_cost).
//!
//! Source: JSON Schema 2020-12, "Core", sections 8.2.3 and 10.2.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// How many schemas may be applied to one value. Large generated schemas apply some hundreds.
pub const MAX_STEPS: u64 = 10_000;

/// How many schemas may refer to one another in a row. Whoever checks a value recurses as deep as that.
pub const MAX_CHAIN: usize = 256;

/// Keywords with one schema for the same value.
const ONE: &[&str] = &["not", "if", "then", "else"];
/// Keywords with a list of schemas for the same value.
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf"];
/// Keywords with schemas by name for the same value.
const BY_NAME: &[&str] = &["dependentSchemas", "dependencies"];
/// Keywords that stand for another schema.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords that give a schema a name to refer to.
const ANCHORS: &[&str] = &["$anchor", "$dynamicAnchor"];

/// Says why a schema is not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaWorkError {
    /// Too many schemas are applied to one value.
    #[error(
        "expected at most {MAX_STEPS} schemas to apply to one value, found more; its references multiply"
    )]
    TooMuch,
    /// A schema refers to itself without going down into the value, or through too many others.
    #[error("expected at most {MAX_CHAIN} schemas to refer to one another in a row, found more")]
    Endless,
    /// A reference does not say, within this document alone, what it stands for.
    #[error(
        "expected references to places or names in the schema itself (\"#/…\", \"#name\"), each name given once and no \"$id\" within the schema"
    )]
    Unclear,
    /// One value makes too much work: the schema applies more and more of itself on the way down.
    #[error("checking the value would take more than {limit} steps; the schema multiplies with its depth")]
    TooManyChecks {
        /// The most steps.
        limit: u64,
    },
    /// Too many schemas are applied within one another.
    #[error("checking the value would nest deeper than {}", crate::schema_cost::MAX_NESTING)]
    TooDeep,
}

/// Checks that no value makes endless work with this schema.
///
/// # Errors
/// Says that references multiply, or lead back to where they began.
pub fn check_work(schema: &Value) -> Result<(), SchemaWorkError> {
    let mut count =
        Count { root: schema, documents: HashMap::new(), anchors: HashMap::new(), known: HashMap::new() };
    // Every object is looked at: which of them are schemas makes no difference to those that are.
    let mut places = Vec::new();
    let mut rest = vec![schema];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(members) => {
                count.note_names(value, members);
                places.push(members);
                rest.extend(members.values());
            }
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    places.into_iter().try_for_each(|place| count.steps(place, 0).map(drop))
}

struct Count<'a> {
    root: &'a Value,
    /// Documents within this one, by the `$id` that they give themselves.
    documents: HashMap<&'a str, &'a Value>,
    anchors: HashMap<&'a str, &'a Map<String, Value>>,
    /// Steps by the place of the schema; nothing while they are being counted.
    known: HashMap<*const Map<String, Value>, Option<u64>>,
}

impl<'a> Count<'a> {
    /// Notes the names under which a schema can be referred to.
    fn note_names(&mut self, value: &'a Value, schema: &'a Map<String, Value>) {
        for name in ANCHORS.iter().filter_map(|keyword| schema.get(*keyword)?.as_str()) {
            self.anchors.insert(name, schema);
        }
        if let Some(id) = schema.get("$id").and_then(Value::as_str) {
            self.documents.insert(id, value);
        }
    }

    fn steps(&mut self, schema: &'a Map<String, Value>, depth: usize) -> Result<u64, SchemaWorkError> {
        if depth > MAX_CHAIN {
            return Err(SchemaWorkError::Endless);
        }
        let place = std::ptr::from_ref(schema);
        match self.known.get(&place) {
            Some(Some(steps)) => return Ok(*steps),
            Some(None) => return Err(SchemaWorkError::Endless),
            None => {}
        }
        self.known.insert(place, None);
        let mut steps: u64 = 1;
        for applied in self.applied(schema) {
            steps = steps.saturating_add(self.steps(applied, depth + 1)?);
        }
        if steps > MAX_STEPS {
            return Err(SchemaWorkError::TooMuch);
        }
        self.known.insert(place, Some(steps));
        Ok(steps)
    }

    /// Returns the schemas that apply to the same value as this one.
    fn applied(&self, schema: &'a Map<String, Value>) -> Vec<&'a Map<String, Value>> {
        let one = ONE.iter().filter_map(|keyword| schema.get(*keyword)?.as_object());
        let lists = LISTS.iter().filter_map(|keyword| schema.get(*keyword)?.as_array());
        let by_name = BY_NAME.iter().filter_map(|keyword| schema.get(*keyword)?.as_object());
        let references =
            REFERENCES.iter().filter_map(|keyword| self.resolve(schema.get(*keyword)?.as_str()?));
        one.chain(lists.flatten().filter_map(Value::as_object))
            .chain(by_name.flat_map(Map::values).filter_map(Value::as_object))
            .chain(references)
            .collect()
    }

    /// Finds what a reference within the document names. Others are never fetched, so they apply nothing.
    fn resolve(&self, reference: &str) -> Option<&'a Map<String, Value>> {
        let (document, name) = reference.split_once('#').unwrap_or((reference, ""));
        let document = match document {
            "" => self.root,
            other => self.documents.get(other).copied()?,
        };
        match name.is_empty() || name.starts_with('/') {
            true => document.pointer(&percent_decoded(name))?.as_object(),
            false => self.anchors.get(name).copied(),
        }
    }
}

/// Undoes what a fragment of a URI may have escaped.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let decoded =
            escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Each definition applies the next one twice, by this keyword.
    fn doubling(keyword: &str, levels: usize) -> Value {
        let mut definitions = Map::new();
        for level in 0..levels {
            let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
            definitions.insert(format!("d{level}"), json!({keyword: [next, next]}));
        }
        definitions.insert(format!("d{levels}"), json!({"type": "string"}));
        json!({"$defs": definitions, "$ref": "#/$defs/d0"})
    }

    #[test]
    fn references_that_double_are_refused() {
        for keyword in LISTS {
            assert_eq!(check_work(&doubling(keyword, 8)), Ok(()), "{keyword}");
            assert_eq!(check_work(&doubling(keyword, 40)), Err(SchemaWorkError::TooMuch), "{keyword}");
        }
        let anchored = json!({"$defs": {
            "a": {"$anchor": "a", "allOf": [{"$ref": "#b"}, {"if": {"$ref": "#b"}, "then": {"$ref": "#b"}}]},
            "b": {"$dynamicAnchor": "b", "dependentSchemas": {"x": true, "y": {"$ref": "#/$defs/a%62"}}},
            "ab": {"type": "string"},
        }});
        assert_eq!(check_work(&anchored), Ok(()));
    }

    #[test]
    fn a_schema_that_never_goes_down_is_endless() {
        for schema in [
            json!({"$ref": "#"}),
            json!({"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}),
            json!({"$id": "https://example.com/s.json", "$ref": "https://example.com/s.json"}),
            json!({"$defs": {"a": {"$anchor": "here", "allOf": [{"$dynamicRef": "#here"}]}}}),
        ] {
            assert_eq!(check_work(&schema), Err(SchemaWorkError::Endless), "{schema}");
        }
        let mut chain = json!({"type": "string"});
        for _ in 0..=MAX_CHAIN {
            chain = json!({"not": chain});
        }
        assert_eq!(check_work(&chain), Err(SchemaWorkError::Endless));
    }

    #[test]
    fn schemas_that_recurse_into_the_value_are_welcome() {
        let tree = json!({"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        let filter = json!({"$ref": "#/$defs/filter", "$defs": {"filter": {"anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"and": {"type": "array", "items": {"$ref": "#/$defs/filter"}}}},
        ]}}});
        let elsewhere =
            json!({"allOf": [{"$ref": "https://example.com/s.json"}, {"$ref": "#/$defs/missing"}, true]});
        for schema in [tree, filter, elsewhere, json!(true), json!({})] {
            assert_eq!(check_work(&schema), Ok(()), "{schema}");
        }
    }
}
