//! JSON Schemas of tools that are not made from types: arguments and structured results are checked against them.
//!
//! A schema is compiled once, when the tool is added. Nothing is fetched for it, and its patterns are matched in linear
//! time, so that arguments cannot make the check run away.

use std::sync::Arc;

use car_mcp_proto::schema_cost::{Matcher, SchemaCost};
use car_mcp_proto::schema_work::check_work;
use car_mcp_proto::tool::{CallToolResult, Tool};
use car_mcp_proto::{ErrorObject, RawJson};
use jsonschema::{PatternOptions, ValidationOptions, Validator};
use serde_json::Value;

use super::context::Context;
use super::failure::Failure;
use super::forwarded::Given;
use super::inbound::JsonSlice;
use super::tool::ToolFunction;
use crate::transport::BoxFuture;

/// The longest schema that is compiled: far more than any model reads, and little enough to compile at once.
const MAX_SCHEMA_BYTES: usize = 1024 * 1024;

/// How much a pattern of a schema may grow when it is compiled.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;

/// How many steps one check may take: applications of a schema to a place in the value. Ten million take about a second;
/// real values need some hundreds.
const MAX_CHECKS: u64 = 10_000_000;

/// How many steps a check may take whose misfits are told: finding them costs far more than finding that there are some.
const MAX_TOLD_CHECKS: u64 = 100_000;

/// How many steps a check takes for each byte of its value where the schema does not multiply.
const CHECKS_A_BYTE: u64 = 8;

/// How many misfits are told at once; a model puts them right one after the other anyway.
const MAX_MISFITS: usize = 5;

/// How many characters of one misfit are told: it may quote the value.
const MAX_MISFIT_CHARACTERS: usize = 300;

/// Returns the function with the tool's schemas around it.
///
/// # Errors
/// Says what is wrong with a schema.
pub(crate) fn enforced(definition: &Tool, function: Box<ToolFunction>) -> Result<Box<ToolFunction>, String> {
    let input = compiled(&definition.input_schema).map_err(|error| format!("`inputSchema`: {error}"))?;
    let output = definition.output_schema.as_ref().map(compiled).transpose();
    let output = output.map_err(|error| format!("`outputSchema`: {error}"))?.map(Arc::new);
    let name: Arc<str> = definition.name.as_str().into();
    Ok(Box::new(move |given: Option<JsonSlice>, context: Context| -> BoxFuture<'static, _> {
        if let Err(text) = check_arguments(&input, given.as_ref()) {
            return Box::pin(std::future::ready(Err(Failure::new(text))));
        }
        let work = function(given, context);
        let Some(output) = output.clone() else { return work };
        let name = Arc::clone(&name);
        Box::pin(async move {
            let given = work.await?;
            if let Given::Own(result) = &given {
                check_result(&output, &name, result)?;
            }
            Ok(given)
        })
    }))
}

/// A schema, and what it costs to check a value against it.
struct Compiled {
    validator: Validator,
    cost: SchemaCost,
}

fn compiled(schema: &RawJson) -> Result<Compiled, String> {
    if schema.as_str().len() > MAX_SCHEMA_BYTES {
        return Err(format!("expected at most {MAX_SCHEMA_BYTES} bytes, found {}", schema.as_str().len()));
    }
    let schema: Value = schema.parse().map_err(|error| error.to_string())?;
    check_work(&schema).map_err(|error| error.to_string())?;
    let validator = options().build(&schema).map_err(|error| shortened(&error.to_string()))?;
    let cost = SchemaCost::new(&schema, matcher).map_err(|error| error.to_string())?;
    Ok(Compiled { validator, cost })
}

fn options() -> ValidationOptions<'static> {
    let patterns = PatternOptions::regex().size_limit(MAX_PATTERN_BYTES);
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

fn check_arguments(schema: &Compiled, given: Option<&JsonSlice>) -> Result<(), String> {
    let text = given.map_or("{}", JsonSlice::as_str);
    let arguments: Value =
        serde_json::from_str(text).map_err(|error| format!("the arguments do not fit: {error}"))?;
    misfits(schema, &arguments, text.len())
        .map_or(Ok(()), |text| Err(format!("the arguments do not fit: {text}")))
}

/// Checks what a tool is about to answer. A failed tool owes no structured result.
fn check_result(schema: &Compiled, name: &str, result: &CallToolResult) -> Result<(), Failure> {
    if result.is_failure() {
        return Ok(());
    }
    let fault = match &result.structured_content {
        None => Some("expected `structuredContent`, found none".to_owned()),
        Some(data) => match data.parse::<Value>() {
            Ok(value) => misfits(schema, &value, data.as_str().len()),
            Err(error) => Some(error.to_string()),
        },
    };
    let Some(fault) = fault else { return Ok(()) };
    tracing::error!(tool = name, fault, "a tool's result does not fit its own schema");
    let error: ErrorObject = super::failure::error(
        car_mcp_proto::rpc::INTERNAL_ERROR,
        format!("the result of the tool {name:?} does not fit its own schema: {fault}"),
    );
    Err(Failure::protocol(error))
}

/// Says what does not fit, and where. `bytes` is how long the value is as a text.
fn misfits(schema: &Compiled, value: &Value, bytes: usize) -> Option<String> {
    let is_told = match bound(schema, value, bytes) {
        Ok(is_told) => is_told,
        Err(text) => return Some(text),
    };
    if schema.validator.is_valid(value) {
        return None;
    }
    if !is_told {
        return Some("the schema multiplies too much to say where".to_owned());
    }
    let texts = schema.validator.iter_errors(value).take(MAX_MISFITS).map(|error| {
        let place = error.instance_path().to_string();
        let text = shortened(&error.to_string());
        if place.is_empty() { text } else { format!("{place}: {text}") }
    });
    Some(texts.collect::<Vec<_>>().join("; "))
}

/// Sees to it that checking comes to an end soon. Returns whether it may be told as well what does not fit.
fn bound(schema: &Compiled, value: &Value, bytes: usize) -> Result<bool, String> {
    if schema.cost.is_within(bytes, MAX_TOLD_CHECKS) {
        return Ok(true);
    }
    let checks = schema.cost.count(value, MAX_CHECKS).map_err(|error| error.to_string())?;
    Ok(checks <= MAX_TOLD_CHECKS.max(CHECKS_A_BYTE.saturating_mul(bytes as u64)))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_MISFIT_CHARACTERS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn compile(schema: &str) -> Result<Compiled, String> {
        compiled(&RawJson::from_text(schema).unwrap())
    }

    fn misfits(schema: &Compiled, value: &Value) -> Option<String> {
        super::misfits(schema, value, value.to_string().len())
    }

    #[test]
    fn a_schema_that_multiplies_on_its_way_down_ends_soon() {
        let down = r##"{"properties":{"c":{"$ref":"#"}}}"##;
        let schema = compile(&format!(r#"{{"type":"object","allOf":[{down},{down}]}}"#)).unwrap();
        let chain = |depth| (0..depth).fold(Value::from("x"), |value, _| serde_json::json!({"c": value}));
        assert!(misfits(&schema, &chain(2)).unwrap().contains("/c/c: "));
        let begin = Instant::now();
        assert!(misfits(&schema, &chain(18)).unwrap().contains("too much to say where"));
        assert!(misfits(&schema, &chain(100)).unwrap().contains("more than 10000000 steps"));
        assert!(begin.elapsed().as_secs() < 10);
    }

    #[test]
    fn misfits_name_their_place() {
        let schema =
            compile(r#"{"type":"object","properties":{"a":{"type":"integer"}},"required":["b"]}"#).unwrap();
        let text = misfits(&schema, &serde_json::json!({"a": "x"})).unwrap();
        assert!(text.contains("/a: ") && text.contains("\"b\" is a required property"), "{text}");
        assert_eq!(misfits(&schema, &serde_json::json!({"a": 1, "b": null})), None);
    }

    #[test]
    fn references_stay_within_the_schema() {
        let inside = r##"{"$defs":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/n"}}}"##;
        assert!(misfits(&compile(inside).unwrap(), &serde_json::json!({"a": "x"})).is_some());
        for outside in ["https://example.com/schema", "file:///etc/passwd", "other.json"] {
            let schema = format!(r#"{{"properties":{{"a":{{"$ref":"{outside}"}}}}}}"#);
            assert!(compile(&schema).is_err(), "{outside}");
        }
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        for schema in [r#"{"type":7}"#, r#"{"pattern":"("}"#, r#"{"properties":{"a":{"type":"whole"}}}"#] {
            assert!(compile(schema).is_err(), "{schema}");
        }
        assert!(compile(&format!("{{\"x\":\"{}\"}}", "x".repeat(MAX_SCHEMA_BYTES))).is_err());
        assert!(compile(r#"{"pattern":"((a{1000}){1000}){1000}"}"#).is_err());
    }

    #[test]
    fn a_pattern_cannot_make_the_check_run_away() {
        let schema = compile(r#"{"properties":{"a":{"pattern":"^(a+)+$"}}}"#).unwrap();
        let begin = Instant::now();
        assert!(misfits(&schema, &serde_json::json!({"a": "a".repeat(50_000) + "b"})).is_some());
        assert!(begin.elapsed().as_secs() < 5);
    }

    #[test]
    fn what_is_told_is_short() {
        let schema = compile(r#"{"properties":{"a":{"type":"integer"}}}"#).unwrap();
        let text = misfits(&schema, &serde_json::json!({"a": "x".repeat(10_000)})).unwrap();
        assert!(text.chars().count() < 2 * MAX_MISFIT_CHARACTERS, "{}", text.len());
    }
}
