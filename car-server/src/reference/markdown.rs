//! The reference for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const HEAD: &str = "# The methods and notifications, in full

Made from the types that the daemon reads and writes; `connectors-websocket.json` beside this file has the same as JSON Schemas.
[`../websocket-protocol.md`](../websocket-protocol.md) says how to connect, and how they play together.
";

/// Writes the whole reference.
pub(super) fn write(reference: &Value) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## Methods\n");
    for (name, method) in members(&reference["methods"]) {
        let all = if method["all_connectors"] == true { ", with all connectors" } else { "" };
        write!(
            text,
            "\n### `{name}`\n\n{}\n\nScope: `{}`{all}.\n",
            text_of(method, "description"),
            text_of(method, "scope")
        )
        .expect("a text takes everything");
        shape(&mut text, "Takes", &method["params"]);
        shape(&mut text, "Gives", &method["result"]);
    }
    text.push_str("\n## Notifications\n");
    for (name, notification) in members(&reference["notifications"]) {
        write!(text, "\n### `{name}`\n\n{}\n", text_of(notification, "description"))
            .expect("a text takes everything");
        shape(&mut text, "Carries", &notification["params"]);
    }
    text.push_str("\n## Types\n");
    for (name, definition) in members(&reference["$defs"]) {
        write!(text, "\n### {name}\n").expect("a text takes everything");
        if let Some(description) = definition["description"].as_str() {
            write!(text, "\n{}\n", one_line(description)).expect("a text takes everything");
        }
        shape(&mut text, "Has", definition);
    }
    text
}

/// Writes what a schema is about: the members of an object in a table, anything else in words.
fn shape(text: &mut String, verb: &str, schema: &Value) {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        let what = match schema["type"].as_str() {
            Some("object")
                if schema["additionalProperties"].is_boolean() || schema.get("properties").is_none() =>
            {
                "nothing".to_owned()
            }
            _ => kind(schema),
        };
        writeln!(text, "\n{verb} {what}.").expect("a text takes everything");
        return;
    };
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    write!(text, "\n{verb}:\n\n| member | type | |\n|---|---|---|\n").expect("a text takes everything");
    for (name, property) in properties {
        let optional = if is_required(name) { "" } else { "?" };
        let description = property["description"].as_str().map(one_line).unwrap_or_default();
        let (kind, description) = (kind(property).replace('|', "\\|"), description.replace('|', "\\|"));
        writeln!(text, "| `{name}`{optional} | {kind} | {description} |").expect("a text takes everything");
    }
}

/// Says in short what fits a schema.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(constant) = schema.get("const") {
        return format!("`{constant}`");
    }
    if let Some(values) = schema["enum"].as_array() {
        return joined(values.iter().map(|value| format!("`{value}`")));
    }
    for one_of in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema[one_of].as_array() {
            return joined(schemas.iter().map(kind));
        }
    }
    match &schema["type"] {
        Value::Array(types) => joined(types.iter().filter_map(Value::as_str).map(|name| named(name, schema))),
        Value::String(name) => named(name, schema),
        _ => "any JSON".to_owned(),
    }
}

fn named(name: &str, schema: &Value) -> String {
    match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("object of {}", kind(&schema["additionalProperties"]))
        }
        "integer" | "number" => match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
            (Some(least), Some(most)) => format!("{name} from {least} to {most}"),
            (Some(least), None) if least > 0.0 => format!("{name} from {least} on"),
            _ => name.to_owned(),
        },
        "string" if schema["writeOnly"] == true => "text, kept as a secret".to_owned(),
        "string" => "text".to_owned(),
        other => other.to_owned(),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" or ")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text_of<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}
