//! What a registry lists.

use serde_json::{Value, json};

/// Where a registry's own members are.
pub(super) const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";

/// Made-up entries: packages of every kind, servers elsewhere, several versions, deprecated and deleted ones.
const MADE_UP: &str = include_str!("../../data/registry.json");

/// Returns the made-up entries.
///
/// # Panics
/// Never: the file is a part of this crate.
#[must_use]
pub fn made_up() -> Vec<Value> {
    serde_json::from_str(MADE_UP).expect("the file is a list of entries")
}

/// An entry, with what it is found by.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) value: Value,
}

impl Listed {
    /// Takes an entry of any shape: `{server, _meta}`, or a server alone, which is how entries once were.
    pub(super) fn new(value: Value) -> Self {
        let server = value.get("server").unwrap_or(&value);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = server.get("version").or_else(|| server.get("version_detail")?.get("version"));
        Self { name: text(server.get("name")), version: text(version), value }
    }

    fn official(&self, name: &str) -> Option<&str> {
        self.value.get("_meta")?.get(OFFICIAL)?.get(name)?.as_str()
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.official("status") == Some("deleted")
    }

    pub(super) fn is_latest(&self) -> bool {
        let flag = self.value.get("_meta").and_then(|meta| meta.get(OFFICIAL)?.get("isLatest")?.as_bool());
        flag.unwrap_or(true)
    }

    pub(super) fn updated_at(&self) -> &str {
        self.official("updatedAt").unwrap_or_default()
    }

    pub(super) fn published_at(&self) -> &str {
        self.official("publishedAt").unwrap_or_default()
    }

    /// The cursor after this entry.
    pub(super) fn cursor(&self) -> String {
        format!("{}:{}", self.name, self.version)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.value["_meta"][OFFICIAL][name] = value;
    }
}

/// Returns a page of entries.
pub(super) fn page(entries: &[&Listed], next: Option<String>) -> Value {
    let servers: Vec<&Value> = entries.iter().map(|entry| &entry.value).collect();
    let mut metadata = json!({ "count": servers.len() });
    if let Some(next) = next {
        metadata["nextCursor"] = Value::String(next);
    }
    json!({ "servers": servers, "metadata": metadata })
}
