//! What is wrong with a value, in words that do not repeat the value.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

/// The longest list of choices that is worth reading.
const LONGEST_LIST: usize = 200;

/// Describes one violation: what was expected, what was found, and never the value itself.
pub(super) fn describe(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::Type { kind: expected } => {
            let expected = match expected {
                TypeKind::Single(one) => one.to_string(),
                TypeKind::Multiple(many) => {
                    many.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or ")
                }
            };
            format!("expected {expected}, found {}", kind(error.instance()))
        }
        ValidationErrorKind::Required { property } => format!("expected member {property}, found none"),
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            // Names of members are the caller's words too, but without them nobody can mend the call.
            shorten(format!("unexpected member {}", unexpected.join(", ")))
        }
        ValidationErrorKind::Enum { options } => shorten(format!("expected one of {options}")),
        ValidationErrorKind::PropertyNames { .. } => "a member's name is not allowed".to_owned(),
        ValidationErrorKind::BacktrackLimitExceeded { .. } => {
            "the schema's pattern takes too long".to_owned()
        }
        _ => shorten(error.masked().to_string()),
    }
}

/// Returns the JSON type of a value, as a schema calls it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > LONGEST_LIST {
        text.truncate(text.floor_char_boundary(LONGEST_LIST));
        text.push('…');
    }
    text
}
