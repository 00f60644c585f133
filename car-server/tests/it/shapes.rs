//! Holds everything that a daemon says to front ends against the reference in `docs/`.

use std::collections::HashMap;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The schemas of all results and notifications, by name.
static SHAPES: LazyLock<HashMap<String, Validator>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/connectors-websocket.json");
    let reference: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let definitions = closed(reference["$defs"].clone());
    let shape = |schema: &Value| {
        let whole = json!({"$defs": definitions, "allOf": [closed(schema.clone())]});
        jsonschema::draft202012::new(&whole).unwrap()
    };
    let of = |group: &str, member: &str| {
        let all = reference[group].as_object().unwrap().clone();
        all.into_iter().map(|(name, about)| (name, shape(&about[member]))).collect::<Vec<_>>()
    };
    of("methods", "result").into_iter().chain(of("notifications", "params")).collect()
});

/// Forbids members of which the reference says nothing.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = closed(member.take());
            }
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| *element = closed(element.take())),
        _ => {}
    }
    schema
}

/// Checks the result of a method, or the parameters of a notification.
pub(crate) fn check(name: &str, found: &Value) {
    let shape = SHAPES.get(name).unwrap_or_else(|| panic!("the reference says nothing of {name}"));
    let wrong: Vec<String> =
        shape.iter_errors(found).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{name} is not as the reference has it: {wrong:?}\n{found:#}");
}
