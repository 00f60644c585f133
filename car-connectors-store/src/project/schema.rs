//! The project's file as a JSON Schema, for editors. The reader of the file stays the judge.

use serde_json::{Value, json};

use super::entry::{FIELDS, LOCAL, REMOTE};
use super::file::MOST_ENTRIES;
use super::value::{LONGEST_SECONDS, LONGEST_STRING};

/// Returns the JSON Schema (draft 2020-12) of `.car/connectors.toml`, as TOML is seen as JSON.
#[must_use]
pub fn project_schema() -> Value {
    let properties: serde_json::Map<String, Value> =
        FIELDS.iter().map(|field| ((*field).to_owned(), property(field))).collect();
    let without = |fields: &[&str]| -> Value {
        let refused: serde_json::Map<String, Value> =
            fields.iter().map(|field| ((*field).to_owned(), Value::Bool(false))).collect();
        Value::Object(refused)
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Connectors of a project (.car/connectors.toml)",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "connector": {
                "description": "The connectors, each under [[connector]]",
                "type": "array",
                "maxItems": MOST_ENTRIES,
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                    "required": ["name"],
                    "oneOf": [
                        {"required": ["url"], "properties": without(&LOCAL)},
                        {"required": ["command"], "properties": without(&REMOTE)},
                    ],
                },
            },
        },
    })
}

fn property(field: &str) -> Value {
    let text = json!({"type": "string", "minLength": 1, "maxLength": LONGEST_STRING});
    let texts = json!({"type": "array", "items": {"type": "string", "maxLength": LONGEST_STRING}});
    let table =
        json!({"type": "object", "additionalProperties": {"type": "string", "maxLength": LONGEST_STRING}});
    let variable = "^[A-Za-z_][A-Za-z0-9_]*$";
    let variables =
        json!({"type": "object", "additionalProperties": {"type": "string", "pattern": variable}});
    let seconds = json!({"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_SECONDS});
    let (description, mut property) = match field {
        "name" => ("The connector's name, from which its slug is made", text),
        "url" => {
            ("The address of a remote server; ${VARIABLE} and ${VARIABLE:-default} are put in place", text)
        }
        "command" => ("The program that is a local server", text),
        "args" => ("The program's arguments, each as it is: no shell reads them", texts),
        "env" => ("Variables added to the program's environment; a secret must be a ${VARIABLE}", table),
        "cwd" => ("The folder to start the program in, from the project's folder; that by default", text),
        "http_headers" => ("Headers that every request carries; a secret must be a ${VARIABLE}", table),
        "headers_env" => ("Headers, each with the name of the variable that holds its value", variables),
        "env_http_headers" => ("Another name of headers_env", variables),
        "bearer_token_env_var" => (
            "The name of the variable that holds a bearer token",
            json!({"type": "string", "pattern": variable}),
        ),
        "scopes" => ("What to ask for when somebody signs in", texts),
        "enabled_tools" => ("The tools that may be called, by the server's names; none by default", texts),
        "disabled_tools" => ("Tools that are not enabled, also when all are", texts),
        "startup_timeout_sec" => ("How long connecting may take, in seconds", seconds),
        "tool_timeout_sec" => ("How long a call may take without progress, in seconds", seconds),
        _ => unreachable!("every field has a description"),
    };
    property["description"] = Value::from(description);
    property
}
