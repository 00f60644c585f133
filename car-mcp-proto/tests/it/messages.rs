//! Our own example messages: each one reads, is written again the same, and fits the specification's schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use car_mcp_proto::version::ProtocolVersion;
use serde_json::{Map, Value, json};

use crate::kinds::{KINDS, kind};
use crate::schema::Schema;

/// The examples of one revision, by definition.
type Examples = BTreeMap<String, Vec<Value>>;

fn examples(version: ProtocolVersion) -> Examples {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(version.as_str());
    let mut all = Examples::new();
    for file in fs::read_dir(folder).unwrap() {
        let area: Examples =
            serde_json::from_str(&fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        for (definition, examples) in area {
            all.entry(definition).or_default().extend(examples);
        }
    }
    all
}

/// Reads a message as the type of its definition, writes it again, and compares.
pub(crate) fn check(definition: &str, message: &Value, schema: Option<&mut Schema>) -> Result<(), String> {
    let text = serde_json::to_string(message).unwrap();
    let kind = kind(definition).ok_or("no type of ours reads this definition")?;
    let written = (kind.round_trip)(&text).map_err(|error| format!("cannot be read: {error}"))?;
    let written: Value = serde_json::from_str(&written).unwrap();

    let mut expected = message.clone();
    if kind.in_params && !definition.ends_with("Notification") && message.get("jsonrpc").is_some() {
        // We always write a request's `params`, as the newest revision demands and every other one allows.
        expected.as_object_mut().unwrap().entry("params").or_insert(Value::Object(Map::new()));
    }
    if written != expected {
        return Err(format!("written otherwise: {written}"));
    }
    let Some(schema) = schema else { return Ok(()) };
    for (whose, value) in [("the example", message), ("what we write", &written)] {
        if let Some(complaint) = schema.complaint(definition, value) {
            return Err(format!("{whose} does not fit the schema: {complaint}"));
        }
    }
    Ok(())
}

fn check_revision(version: ProtocolVersion) {
    let mut schema = Schema::load(version);
    let mut wrong = Vec::new();
    for (definition, messages) in &examples(version) {
        for message in messages {
            // A few definitions are covers of others; only their parts have types.
            if COVERS.contains(&&**definition) {
                continue;
            }
            if let Err(reason) = check(definition, message, schema.as_mut()) {
                wrong.push(format!("{definition} {reason}\n  {message}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{version}:\n{}", wrong.join("\n"));
}

/// Definitions that only hold members for others to share.
const COVERS: [&str; 3] = ["Annotated", "BaseMetadata", "Icons"];

#[test]
fn messages_of_2024_11_05_read_back() {
    check_revision(ProtocolVersion::V2024_11_05);
}

#[test]
fn messages_of_2025_03_26_read_back() {
    check_revision(ProtocolVersion::V2025_03_26);
}

#[test]
fn messages_of_2025_06_18_read_back() {
    check_revision(ProtocolVersion::V2025_06_18);
}

#[test]
fn messages_of_2025_11_25_read_back() {
    check_revision(ProtocolVersion::V2025_11_25);
}

#[test]
fn messages_of_2026_07_28_read_back() {
    check_revision(ProtocolVersion::V2026_07_28);
}

#[test]
fn every_definition_we_model_has_an_example_in_every_revision_that_defines_it() {
    for version in ProtocolVersion::ALL {
        let Some(schema) = Schema::load(version) else { continue };
        let examples = examples(version);
        let missing: Vec<_> = KINDS
            .iter()
            .map(|kind| kind.definition)
            .filter(|name| schema.definitions().contains_key(*name) && !examples.contains_key(*name))
            .collect();
        assert!(missing.is_empty(), "{version} has no example of {missing:?}");
    }
}

#[test]
fn every_method_has_an_example() {
    let mut seen = BTreeSet::new();
    for version in ProtocolVersion::ALL {
        for message in examples(version).values().flatten() {
            seen.extend(message["method"].as_str().map(str::to_owned));
        }
    }
    for name in car_mcp_proto::method::NAMES {
        assert!(seen.contains(*name), "{name}");
    }
}

/// What a schema does not demand, a peer may leave out: no type of ours may demand more than the revision does. And
/// many a server writes `null` for what it leaves out.
#[test]
fn what_the_schema_leaves_free_may_be_missing_or_null() {
    let mut wrong = Vec::new();
    for version in ProtocolVersion::ALL {
        let Some(mut schema) = Schema::load(version) else { continue };
        for (definition, messages) in &examples(version) {
            let Some(kind) = kind(definition).filter(|_| schema.definitions().contains_key(definition))
            else {
                continue;
            };
            for (shorter, nulled) in messages.iter().flat_map(without_one_member) {
                if EXCUSED.contains(&&**definition) || schema.complaint(definition, &shorter).is_some() {
                    continue;
                }
                for changed in [shorter, nulled] {
                    let text = serde_json::to_string(&changed).unwrap();
                    if let Err(error) = (kind.round_trip)(&text) {
                        wrong.push(format!("{version} {definition}: {error}\n  {text}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Definitions whose schema says less than the text of the specification does: it cannot tell a complete result
/// from a round, so it lets a round be empty and a result of `complete` lack its members. Input requests are a map,
/// in which an entry may be missing but not be `null`.
const EXCUSED: [&str; 5] = [
    "CallToolResultResponse",
    "GetPromptResultResponse",
    "InputRequests",
    "InputRequiredResult",
    "ReadResourceResultResponse",
];

/// Returns the message without each of its members in turn, and the same with `null` in its place; then so for each
/// member of its members.
fn without_one_member(message: &Value) -> Vec<(Value, Value)> {
    let Some(object) = message.as_object() else { return Vec::new() };
    let mut changed = Vec::new();
    for (name, value) in object {
        if matches!(&**name, "jsonrpc" | "method" | "id") {
            continue;
        }
        let with = |value: Value| {
            let mut object = object.clone();
            object.insert(name.clone(), value);
            Value::Object(object)
        };
        let mut without = object.clone();
        without.remove(name);
        changed.push((Value::Object(without), with(Value::Null)));
        changed.extend(without_one_member(value).into_iter().map(|(one, other)| (with(one), with(other))));
    }
    changed
}

#[test]
fn members_that_nobody_knows_survive_wherever_they_stand() {
    let mut lost = Vec::new();
    for version in ProtocolVersion::ALL {
        for (definition, messages) in &examples(version) {
            for message in messages.iter().filter(|_| !COVERS.contains(&&**definition)) {
                let mut message = message.clone();
                extend(&mut message);
                if let Err(reason) = check(definition, &message, None) {
                    lost.push(format!("{version} {definition} {reason}\n  {message}"));
                }
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

/// Adds a member to every object of a message except its envelope, which is JSON-RPC's and not extended.
fn extend(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(extend),
        Value::Object(members) => {
            members.values_mut().for_each(extend);
            if !members.contains_key("jsonrpc") {
                // It has a method so that it is one more input request where it comes to stand among those.
                members.insert(
                    "vendor/extra".to_owned(),
                    json!({"method": "vendor/do", "deep": [1, 2.5, null]}),
                );
            }
        }
        _ => {}
    }
}
