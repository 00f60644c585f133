//! What a server offers, looked through once: which of its tools can be used, and why the others cannot.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, OnceLock};

use car_connectors_store::Connector;
use car_engine::{RegisteredTool, Route, SchemaLimits, ToolEntry, ToolSchema, ToolSource};
use car_mcp::Listing;
use car_mcp_proto::tool::Tool;

use crate::pinned;
use crate::status::SetAside;

/// A list of tools, looked through.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    list: Arc<Listing<Tool>>,
    /// Where in the list those stand that can be used, in the server's order.
    usable: Vec<usize>,
    /// What is pinned of each of those, once somebody asked for it.
    digests: Vec<OnceLock<String>>,
    set_aside: BTreeMap<String, String>,
    /// Why entries without a readable name are set aside.
    nameless: Vec<String>,
}

impl Catalog {
    /// Looks through a list. It compiles every schema, which takes a while: not for a thread that others wait for.
    pub(crate) fn new(list: Arc<Listing<Tool>>) -> Self {
        let mut catalog = Self::default();
        for aside in &list.set_aside {
            match &aside.name {
                Some(name) => drop(catalog.set_aside.insert(name.clone(), aside.reason.clone())),
                None => catalog.nameless.push(aside.reason.clone()),
            }
        }
        let mut seen = BTreeMap::new();
        for (place, tool) in list.items.iter().enumerate() {
            let reason = match seen.insert(tool.name.as_str(), place) {
                // Which of the two a call would reach, nobody can tell.
                Some(_) => Some("the server lists more than one tool of this name".to_owned()),
                // The name plays no part in whether the schemas can be used.
                None => compile("", tool, tool.name.clone()).err(),
            };
            match reason {
                None => catalog.usable.push(place),
                Some(reason) => drop(catalog.set_aside.insert(tool.name.clone(), reason)),
            }
        }
        catalog.usable.retain(|place| !catalog.set_aside.contains_key(&list.items[*place].name));
        catalog.digests = catalog.usable.iter().map(|_| OnceLock::new()).collect();
        catalog.list = list;
        catalog
    }

    /// Tells whether it was made from this very list.
    pub(crate) fn is_of(&self, list: &Arc<Listing<Tool>>) -> bool {
        Arc::ptr_eq(&self.list, list)
    }

    /// Tells whether both offer the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.is_of(&other.list) || self.list == other.list
    }

    /// Returns the tools that can be used, in the server's order.
    pub(crate) fn usable(&self) -> impl Iterator<Item = &Tool> {
        self.usable.iter().map(|place| &self.list.items[*place])
    }

    /// Returns those of these names, each with the digest of what a person agrees to.
    pub(crate) fn digests(&self, names: &HashSet<&str>) -> impl Iterator<Item = (&Tool, &String)> {
        let named = self.usable().zip(&self.digests).filter(|(tool, _)| names.contains(tool.name.as_str()));
        named.map(|(tool, digest)| (tool, digest.get_or_init(|| pinned::digest(tool))))
    }

    /// Counts the tools that can be used.
    pub(crate) fn len(&self) -> usize {
        self.usable.len()
    }

    /// Says why a tool cannot be used, if the server offers it at all.
    pub(crate) fn reason(&self, tool: &str) -> Option<&str> {
        self.set_aside.get(tool).map(String::as_str)
    }

    /// Lists what cannot be used: what is broken, and what is enabled and not offered any more.
    pub(crate) fn set_aside(&self, connector: &Connector) -> Vec<SetAside> {
        let nameless = self.nameless.iter().map(|reason| SetAside { name: None, reason: reason.clone() });
        let named = self
            .set_aside
            .iter()
            .map(|(name, reason)| SetAside { name: Some(name.clone()), reason: reason.clone() });
        let gone = connector.enabled_tools.iter().filter_map(|name| {
            let reason = self.missing(name)?.to_owned();
            Some(SetAside { name: Some(name.clone()), reason })
        });
        nameless.chain(named).chain(gone).collect()
    }

    /// Says that an enabled tool is not offered, if that is so.
    pub(crate) fn missing(&self, tool: &str) -> Option<&'static str> {
        let offered = self.set_aside.contains_key(tool) || self.usable().any(|usable| usable.name == tool);
        (!offered).then_some("it is enabled, and the server does not offer it any more")
    }
}

/// Makes a tool ready for the engine, or says why it cannot be used.
pub(crate) fn compile(slug: &str, tool: &Tool, canonical: String) -> Result<RegisteredTool, String> {
    let mut schema = ToolSchema::new(canonical, tool.input_schema.clone().into());
    schema.description.clone_from(&tool.description);
    schema.returns = tool.output_schema.clone().map(Into::into);
    schema.idempotent = tool.annotations.as_ref().and_then(|hints| hints.idempotent_hint) == Some(true);
    let entry = ToolEntry::new(schema, ToolSource::Mcp { server_name: slug.to_owned() });
    let route = Route::new(slug, tool.name.as_str());
    RegisteredTool::compile(entry, Some(route), &SchemaLimits::default()).map_err(|error| error.to_string())
}
