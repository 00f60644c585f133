//! A schema compiled once, and the check of one value.

use std::fmt;

use car_mcp_proto::{
    schema_cost::{Matcher, SchemaCost},
    schema_work::check_work,
};
use jsonschema::{PatternOptions, ValidationOptions, Validator};
use serde_json::Value;

use super::message;

/// Bounds for what a server makes us compile and check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SchemaLimits {
    /// The largest schema. Real ones stay below 100 KB; compiling takes many times a schema's size in memory.
    pub schema_bytes: usize,
    /// The deepest nesting of a schema: compiling and checking recurse.
    pub schema_depth: usize,
    /// The largest value that is checked: a file's content in base64 is among the largest arguments.
    pub value_bytes: usize,
    /// How many steps one check may take: applications of a schema to a place in the value. Ten million take about a
    /// second; real values need some hundreds.
    pub value_checks: u64,
    /// How many violations are listed: enough to mend a call at once, few enough to read.
    pub listed_violations: usize,
}

impl Default for SchemaLimits {
    fn default() -> Self {
        Self {
            schema_bytes: 1024 * 1024,
            schema_depth: 64,
            value_bytes: 32 * 1024 * 1024,
            value_checks: 10_000_000,
            listed_violations: 8,
        }
    }
}

/// Steps that one pattern may take to match one text. An evil pattern in a schema needs billions.
const PATTERN_STEPS: usize = 100_000;

/// The most memory of one compiled pattern, in bytes.
const PATTERN_BYTES: usize = 1024 * 1024;

/// How many steps a check may take whose violations are listed. Collecting them costs many times what finding out costs
/// that there are some.
const LISTED_CHECKS: u64 = 100_000;

/// How many steps a check takes for each byte of its value where the schema does not multiply.
const CHECKS_A_BYTE: u64 = 8;

/// Why a schema cannot be used; its tool is set aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct SchemaError {
    /// What is wrong with the schema.
    pub reason: String,
}

/// One thing that is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where in the value, as a JSON pointer; empty for the value as a whole.
    pub path: String,
    /// What was expected and what was found, without the value itself: it may be a secret.
    pub message: String,
}

impl Violation {
    /// Says what is wrong at a place.
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "/" } else { &self.path };
        write!(formatter, "{path}: {}", self.message)
    }
}

/// A compiled schema.
pub struct SchemaValidator {
    validator: Validator,
    cost: SchemaCost,
    limits: SchemaLimits,
}

impl SchemaValidator {
    /// Compiles a schema.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] when it is not a schema, refers to something outside itself, or is past a bound.
    pub fn compile(schema: &str, limits: &SchemaLimits) -> Result<Self, SchemaError> {
        let refuse = |reason: String| SchemaError { reason };
        if schema.len() > limits.schema_bytes {
            let (length, limit) = (schema.len(), limits.schema_bytes);
            return Err(refuse(format!("the schema has {length} bytes, expected at most {limit}")));
        }
        let value: Value = serde_json::from_str(schema)
            .map_err(|error| refuse(format!("the schema is not JSON: {error}")))?;
        if !(value.is_object() || value.is_boolean()) {
            return Err(refuse(format!("expected a schema object, found {}", message::kind(&value))));
        }
        if depth(&value) > limits.schema_depth {
            return Err(refuse(format!("the schema is nested deeper than {}", limits.schema_depth)));
        }
        check_work(&value).map_err(|error| refuse(error.to_string()))?;
        let validator =
            options().build(&value).map_err(|error| refuse(format!("the schema is not usable: {error}")))?;
        let cost = SchemaCost::new(&value, matcher).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { validator, cost, limits: limits.clone() })
    }

    /// Checks a value, and returns it parsed for whoever looks into it next.
    ///
    /// # Errors
    ///
    /// Up to [`SchemaLimits::listed_violations`] violations.
    pub fn check(&self, value: &str) -> Result<Value, Vec<Violation>> {
        let single = |message: String| vec![Violation::new("", message)];
        if value.len() > self.limits.value_bytes {
            let (length, limit) = (value.len(), self.limits.value_bytes);
            return Err(single(format!("expected at most {limit} bytes, found {length}")));
        }
        let length = value.len();
        let value: Value = serde_json::from_str(value).map_err(|error| single(error.to_string()))?;
        let can_list = self.bound(length, &value).map_err(single)?;
        if self.validator.is_valid(&value) {
            return Ok(value);
        }
        if !can_list {
            return Err(single("it does not fit; the schema multiplies too much to say where".to_owned()));
        }
        Err(self
            .validator
            .iter_errors(&value)
            .take(self.limits.listed_violations)
            .map(|error| Violation::new(error.instance_path().to_string(), message::describe(&error)))
            .collect())
    }

    /// Sees to it that checking comes to an end soon. Returns whether it may be told as well what does not fit.
    fn bound(&self, length: usize, value: &Value) -> Result<bool, String> {
        if self.cost.is_within(length, LISTED_CHECKS.min(self.limits.value_checks)) {
            return Ok(true);
        }
        let checks = self.cost.count(value, self.limits.value_checks).map_err(|error| error.to_string())?;
        Ok(checks <= LISTED_CHECKS.max(CHECKS_A_BYTE.saturating_mul(length as u64)))
    }
}

fn options() -> ValidationOptions<'static> {
    let patterns = PatternOptions::fancy_regex().backtrack_limit(PATTERN_STEPS).size_limit(PATTERN_BYTES);
    // `offline` refuses every reference that leaves the document, whatever features other crates switch on.
    jsonschema::options().offline().with_pattern_options(patterns)
}

/// Matches names as the validator does.
fn matcher(pattern: &str) -> Matcher {
    match options().build(&serde_json::json!({ "pattern": pattern })) {
        Ok(validator) => Box::new(move |name| validator.is_valid(&Value::from(name))),
        // The schema has been compiled with this very pattern. Taking all names for fitting errs to the safe side.
        Err(_) => Box::new(|_| true),
    }
}

impl fmt::Debug for SchemaValidator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SchemaValidator").finish_non_exhaustive()
    }
}

/// Returns how deeply a value is nested. The parser has bounded it already, so the recursion is safe.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_multiply_set_the_tool_aside() {
        let level = |next: &str| {
            format!(r##"{{"allOf":[{{"$ref":"#/$defs/{next}"}},{{"$ref":"#/$defs/{next}"}}]}}"##)
        };
        let definitions: Vec<String> =
            (0..40).map(|at| format!(r#""d{at}":{}"#, level(&format!("d{}", at + 1)))).collect();
        let schema = format!(r##"{{"$defs":{{{},"d40":{{}}}},"$ref":"#/$defs/d0"}}"##, definitions.join(","));
        let error = SchemaValidator::compile(&schema, &SchemaLimits::default()).unwrap_err();
        assert!(error.reason.contains("multiply"), "{error}");
    }

    fn compile(schema: &str) -> SchemaValidator {
        SchemaValidator::compile(schema, &SchemaLimits::default()).unwrap()
    }

    fn refused(schema: &str) -> String {
        SchemaValidator::compile(schema, &SchemaLimits::default()).unwrap_err().to_string()
    }

    fn violations(schema: &str, value: &str) -> Vec<String> {
        compile(schema).check(value).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_the_place_and_both_types() {
        let schema =
            r#"{"type":"object","properties":{"query":{"type":"string"},"n":{"type":["integer","null"]}}}"#;
        let found = violations(schema, r#"{"query":5,"n":"hunter2"}"#);
        assert_eq!(
            found,
            ["/n: expected null or integer, found string", "/query: expected string, found integer"]
        );
    }

    #[test]
    fn never_repeats_the_value() {
        let schema = r#"{"properties":{"a":{"enum":["x","y"]},"b":{"maxLength":3},"c":{"pattern":"^z"},
            "d":{"const":1},"e":{"anyOf":[{"type":"integer"},{"minLength":50}]},"f":{"not":{}}},
            "additionalProperties":false,"required":["g"],"propertyNames":{"maxLength":1}}"#;
        let value =
            r#"{"a":"hunter2","b":"hunter2","c":"hunter2","d":"hunter2","e":"hunter2","f":"hunter2"}"#;
        let found = violations(schema, value);
        assert_eq!(found.len(), 7);
        assert!(found.iter().all(|text| !text.contains("hunter2")), "{found:?}");
        assert!(found.iter().any(|text| text == "/: expected member \"g\", found none"), "{found:?}");
    }

    #[test]
    fn a_reference_out_of_the_document_makes_a_schema_unusable() {
        for reference in ["https://example.com/s.json", "file:///etc/passwd", "other.json", "#/$defs/none"] {
            let reason = refused(&format!(r#"{{"properties":{{"a":{{"$ref":"{reference}"}}}}}}"#));
            assert!(reason.starts_with("the schema is not usable"), "{reason}");
        }
        compile(r##"{"$defs":{"a":{"type":"string"}},"$ref":"#/$defs/a"}"##);
    }

    #[test]
    fn refuses_what_is_not_a_schema_or_past_a_bound() {
        assert!(refused("[]").starts_with("expected a schema object, found array"));
        assert!(refused("{").starts_with("the schema is not JSON"));
        assert!(refused(r#"{"type":"strin"}"#).starts_with("the schema is not usable"));
        let deep = format!("{}{{}}{}", r#"{"not":"#.repeat(70), "}".repeat(70));
        assert_eq!(refused(&deep), "the schema is nested deeper than 64");
        assert!(
            refused(&format!(r#"{{"title":"{}"}}"#, "x".repeat(1024 * 1024))).contains("expected at most")
        );
    }

    #[test]
    fn follows_2020_12_unless_told_otherwise() {
        let tuple = r#"{"prefixItems":[{"type":"integer"}],"items":false}"#;
        assert!(compile(tuple).check("[1]").is_ok());
        assert!(compile(tuple).check("[1,2]").is_err());
        let draft7 = r#"{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"integer"}]}"#;
        assert!(compile(draft7).check("[\"a\"]").is_err());
    }

    #[test]
    fn an_evil_pattern_ends() {
        let found = violations(r#"{"pattern":"^(a|a)*(?=x)$"}"#, &format!("\"{}\"", "a".repeat(200)));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn recursion_without_end_is_refused() {
        assert!(refused(r##"{"$ref":"#"}"##).contains("refer to one another"));
    }

    /// A value nested so deep by `c`, with a text where most of these schemas want an object.
    fn chain(depth: usize) -> String {
        format!("{}\"x\"{}", r#"{"d":1,"c":"#.repeat(depth), "}".repeat(depth))
    }

    #[test]
    fn a_schema_that_multiplies_on_its_way_down_ends_soon() {
        let down = r##"{"properties":{"c":{"$ref":"#/$defs/a"}}}"##;
        let again = r##"{"$ref":"#/$defs/a"}"##;
        for definition in [
            format!(r#""allOf":[{down},{down}]"#),
            format!(r#""anyOf":[{down},{down}]"#),
            format!(r##""oneOf":[{down},{{"required":["zz"],"properties":{{"c":{again}}}}}]"##),
            format!(r#""if":{down},"then":{down},"else":{down}"#),
            format!(r#""dependentSchemas":{{"c":{down},"d":{down}}}"#),
            format!(
                r##""$dynamicAnchor":"n","allOf":[{down},{{"properties":{{"c":{{"$dynamicRef":"#n"}}}}}}]"##
            ),
            format!(r#""properties":{{"c":{again}}},"patternProperties":{{"^[a-c]$":{again}}}"#),
            format!(r#""anyOf":[{down}],"unevaluatedProperties":false"#),
            format!(r#""allOf":[{{"anyOf":[{down}]}}],"unevaluatedProperties":{again}"#),
        ] {
            let schema =
                format!(r##"{{"$ref":"#/$defs/a","$defs":{{"a":{{"type":"object",{definition}}}}}}}"##);
            let validator = compile(&schema);
            let begun = std::time::Instant::now();
            // Few levels are checked, and what is wrong is said; with more it is not said where; with many not checked.
            assert!(validator.check(&chain(2)).is_err(), "{schema}");
            for depth in [14, 18, 100] {
                validator.check(&chain(depth)).ok();
            }
            let refused = validator.check(&chain(100)).unwrap_err();
            assert!(refused[0].message.contains("more than 10000000 steps"), "{schema}: {refused:?}");
            assert!(begun.elapsed().as_secs() < 20, "{schema} took {:?}", begun.elapsed());
        }
    }

    #[test]
    fn a_schema_that_only_recurses_is_checked_however_large_its_value() {
        fn tree(depth: usize) -> String {
            match depth {
                0 => r#"{"v":1}"#.to_owned(),
                _ => format!(r#"{{"l":{0},"r":{0},"v":1}}"#, tree(depth - 1)),
            }
        }
        let schema =
            r##"{"properties":{"l":{"$ref":"#"},"r":{"$ref":"#"},"v":{"type":"integer"}},"required":["v"]}"##;
        let validator = compile(schema);
        assert!(validator.check(&tree(16)).is_ok());
        let wrong = tree(12).replacen(r#"{"v":1}"#, r#"{"v":"x"}"#, 1);
        let place = format!("{}/v", "/l".repeat(12));
        assert_eq!(validator.check(&wrong).unwrap_err()[0].path, place);
    }

    #[test]
    fn checks_that_nest_as_deep_as_they_may_fit_a_usual_stack() {
        let mut definition = r##"{"properties":{"c":{"$ref":"#/$defs/a"}}}"##.to_owned();
        for _ in 0..5 {
            definition = format!(r#"{{"allOf":[{definition}]}}"#);
        }
        let validator = compile(&format!(r##"{{"$ref":"#/$defs/a","$defs":{{"a":{definition}}}}}"##));
        let wanting = compile(&format!(
            r##"{{"$ref":"#/$defs/a","$defs":{{"a":{{"type":"object","anyOf":[{definition}]}}}}}}"##
        ));
        let checks = move || {
            assert!(validator.check(&chain(120)).is_ok());
            assert!(wanting.check(&chain(110)).is_err());
        };
        std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(checks).unwrap().join().unwrap();
    }

    #[test]
    fn bounds_the_value_and_the_list() {
        let limits = SchemaLimits { value_bytes: 40, listed_violations: 2, ..SchemaLimits::default() };
        let validator = SchemaValidator::compile(r#"{"items":{"type":"string"}}"#, &limits).unwrap();
        assert_eq!(validator.check("[1,2,3,4]").unwrap_err().len(), 2);
        assert!(validator.check(&format!("\"{}\"", "x".repeat(40))).is_err());
    }
}
