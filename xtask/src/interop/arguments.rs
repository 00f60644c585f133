//! Arguments for a tool that we have never seen: from a table where it matters, else the least that its schema asks for.

use serde_json::{Map, Value, json};

use super::servers::Server;

/// Returns the arguments for a call.
pub(super) fn of(server: &Server, tool: &str, schema: &Value) -> Value {
    let given = server.arguments.iter().find(|(name, _)| *name == tool);
    match given {
        Some((_, text)) => serde_json::from_str(text).expect("the table holds JSON"),
        None => least(schema),
    }
}

/// Returns the smallest value that fits a schema, as far as simple schemas go.
pub(super) fn least(schema: &Value) -> Value {
    if let Some(value) = schema.get("default").or_else(|| schema.get("const")) {
        return value.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    for combined in ["anyOf", "oneOf"] {
        if let Some(first) = schema[combined].as_array().and_then(|schemas| schemas.first()) {
            return least(first);
        }
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "string" => json!(text(schema)),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        "array" => {
            let count = schema["minItems"].as_u64().unwrap_or(0);
            Value::Array((0..count).map(|_| least(&schema["items"])).collect())
        }
        "null" => Value::Null,
        _ => object(schema),
    }
}

fn object(schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let members = required.map(|name| (name.to_owned(), least(&schema["properties"][name])));
    Value::Object(members.collect::<Map<_, _>>())
}

fn text(schema: &Value) -> String {
    let text = match schema["format"].as_str() {
        Some("uri" | "url") => "https://example.com/",
        Some("email") => "ada@example.com",
        Some("date") => "2026-01-01",
        _ => "text",
    };
    let length = schema["minLength"].as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    format!("{text}{}", "x".repeat(length.saturating_sub(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_least_that_fits() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "minLength": 6 },
                "kind": { "enum": ["a", "b"] },
                "count": { "type": "integer", "minimum": 3 },
                "list": { "type": "array", "minItems": 1, "items": { "type": "boolean" } },
                "left_out": { "type": "string" },
            },
            "required": ["name", "kind", "count", "list"],
        });
        assert_eq!(least(&schema), json!({ "name": "textxx", "kind": "a", "count": 3, "list": [false] }));
    }
}
