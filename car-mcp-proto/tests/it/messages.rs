//! Our own example messages: each one reads, is written again the same, and fits the specification's schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use car_mcp_proto::version::ProtocolVersion;
use serde_json::{Map, Value};

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

/// What a schema does not demand, a peer may leave out: no type of ours may demand more than the revision does.
#[test]
fn nothing_is_required_that_the_schema_leaves_free() {
    let mut wrong = Vec::new();
    for version in ProtocolVersion::ALL {
        let Some(mut schema) = Schema::load(version) else { continue };
        for (definition, messages) in &examples(version) {
            let Some(kind) = kind(definition) else { continue };
            for message in messages {
                for shorter in without_one_member(message) {
                    let allowed = schema.complaint(definition, &shorter).is_none();
                    let text = serde_json::to_string(&shorter).unwrap();
                    if allowed
                        && !EXCUSED.contains(&&**definition)
                        && let Err(error) = (kind.round_trip)(&text)
                    {
                        wrong.push(format!("{version} {definition}: {error}\n  {text}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Definitions whose schema says less than the text of the specification does: it cannot tell a complete result
/// from a round, so it lets a round be empty and a result of `complete` lack its members.
const EXCUSED: [&str; 3] =
    ["CallToolResultResponse", "GetPromptResultResponse", "ReadResourceResultResponse"];

/// Returns the message without each of its members in turn, and without each member of its members.
fn without_one_member(message: &Value) -> Vec<Value> {
    let Some(object) = message.as_object() else { return Vec::new() };
    let mut shorter = Vec::new();
    for (name, value) in object {
        if matches!(&**name, "jsonrpc" | "method" | "id") {
            continue;
        }
        let mut without = object.clone();
        without.remove(name);
        shorter.push(Value::Object(without));
        for inner in without_one_member(value) {
            let mut with = object.clone();
            with.insert(name.clone(), inner);
            shorter.push(Value::Object(with));
        }
    }
    shorter
}
