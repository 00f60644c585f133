//! The specification's JSON Schemas: where they are, and whether a message fits.
//!
//! `cargo xtask setup` lays them out under `target/spec/<revision>/`. A checkout of the specification, named by the
//! variable `MCP_SPECIFICATION`, is used instead if there is one. Nothing of it is part of this repository.

use std::collections::HashMap;
use std::path::PathBuf;

use car_mcp_proto::version::ProtocolVersion;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// Holds the definitions of one revision.
pub(crate) struct Schema {
    document: Value,
    key: &'static str,
    validators: HashMap<String, Validator>,
}

impl Schema {
    /// Returns a revision's schema, or nothing, aloud, where it is not on this machine.
    ///
    /// In CI it must be there. No package carries the one of 2024-11-05, so that one is checked only by those who
    /// have a checkout of the specification.
    pub(crate) fn load(version: ProtocolVersion) -> Option<Self> {
        let path = match specification() {
            Some(root) => root.join("schema").join(version.as_str()).join("schema.json"),
            None => {
                let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/spec");
                PathBuf::from(target).join(version.as_str()).join("schema.json")
            }
        };
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("not checked against the schema of {version}: {} cannot be read", path.display());
            let excused =
                version == ProtocolVersion::V2024_11_05 || variable("CI").as_deref() != Some("true");
            assert!(excused, "the schema of {version} is needed in CI: run `cargo xtask setup`");
            return None;
        };
        let document: Value = serde_json::from_str(&text).unwrap();
        let key = if document.get("$defs").is_some() { "$defs" } else { "definitions" };
        Some(Self { document, key, validators: HashMap::new() })
    }

    /// Returns every definition by name.
    pub(crate) fn definitions(&self) -> &Map<String, Value> {
        self.document[self.key].as_object().unwrap()
    }

    /// Returns the definition that a `$ref` names, or the schema itself if it has none.
    pub(crate) fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next()) {
            Some(name) => &self.definitions()[name],
            None => schema,
        }
    }

    /// Says what is wrong with a value, if anything is.
    ///
    /// The copy of a schema that the conformance suite carries may be some weeks older than the published one and lack a
    /// definition; that is said, and the rest is still checked.
    pub(crate) fn complaint(&mut self, definition: &str, value: &Value) -> Option<String> {
        if !self.definitions().contains_key(definition) {
            eprintln!("not checked: this copy of the schema has no {definition}");
            return None;
        }
        if !self.validators.contains_key(definition) {
            let key = self.key;
            let schema = json!({
                "$schema": self.document["$schema"],
                key: self.document[key],
                "allOf": [{"$ref": format!("#/{key}/{definition}")}],
            });
            self.validators.insert(definition.to_owned(), jsonschema::validator_for(&schema).unwrap());
        }
        self.validators[definition]
            .iter_errors(value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .next()
    }
}

/// Returns the checkout of the specification, if one is named.
pub(crate) fn specification() -> Option<PathBuf> {
    variable("MCP_SPECIFICATION").map(PathBuf::from)
}

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment what is on the machine")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
