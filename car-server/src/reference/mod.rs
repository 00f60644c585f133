//! The reference of the methods and notifications: made from the very types that are read and written.

mod markdown;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema as _, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::methods::METHODS;
use crate::notices::Notice;
use crate::told::{CHANGED, Change};

/// Returns the reference as one JSON document: `methods` by name, each with `description`, `scope`, `all_connectors`,
/// `params` and `result`; `notifications` by name, each with `description` and `params`; and `$defs`, to which the schemas
/// refer. `docs/reference/connectors-websocket.json` has it.
#[must_use]
pub fn websocket() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut taken = SchemaGenerator::new(settings.clone().for_deserialize());
    let mut given = SchemaGenerator::new(settings.for_serialize());
    let mut methods: Map<String, Value> = METHODS
        .iter()
        .map(|method| {
            let described = json!({
                "description": method.description.trim(),
                "scope": method.scope.as_str(),
                "all_connectors": method.is_for_all,
                "params": without_description((method.params)(&mut taken).into()),
                "result": without_description((method.result)(&mut given).into()),
            });
            (method.name.to_owned(), described)
        })
        .collect();
    let notifications = notifications(&mut given);
    let mut definitions = taken.take_definitions(true);
    for (name, definition) in given.take_definitions(true) {
        let same = definitions.insert(name.clone(), definition.clone());
        assert!(same.is_none_or(|same| same == definition), "two types are called {name}");
    }
    for method in methods.values_mut() {
        refer(&mut method["result"], &definitions);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "connectors.* over WebSocket",
        "methods": methods,
        "notifications": notifications,
        "$defs": definitions,
    })
}

/// Returns the same for people, as Markdown. `docs/reference/connectors-websocket.md` has it.
#[must_use]
pub fn websocket_markdown() -> String {
    markdown::write(&websocket())
}

fn notifications(given: &mut SchemaGenerator) -> Map<String, Value> {
    let changed = without_description(Change::json_schema(given).into());
    let all = Value::from(Notice::json_schema(given));
    let variants = all["anyOf"].as_array().expect("a notice is one of several");
    assert_eq!(variants.len(), Notice::METHODS.len(), "every notice has a name");
    let described = json!({"description": "Something happened to a connector.", "params": changed});
    let notices = Notice::METHODS.iter().zip(variants).map(|(name, variant)| {
        let description = variant["description"].clone();
        (
            (*name).to_owned(),
            json!({"description": description, "params": without_description(variant.clone())}),
        )
    });
    std::iter::once((CHANGED.to_owned(), described)).chain(notices).collect()
}

/// Puts a reference in place of what is defined already.
fn refer(schema: &mut Value, definitions: &Map<String, Value>) {
    let same = |definition: &Value| without_description(definition.clone()) == *schema;
    if let Some((name, _)) = definitions.iter().find(|(_, definition)| same(definition)) {
        *schema = json!({"$ref": format!("#/$defs/{name}")});
    }
}

/// Leaves out what the description beside it says, or should.
fn without_description(mut schema: Value) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.remove("description");
    }
    schema
}
