//! What is passed on to others: enabled tools, and prompts and resources of connectors that share them, each with the
//! connector that it comes from.

use car_connectors_store::Connector;
use car_mcp_proto::prompt::Prompt;
use car_mcp_proto::resource::{Resource, ResourceTemplate};
use car_mcp_proto::tool::Tool;

use crate::sharing;

/// Everything that is passed on.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Offering {
    /// The enabled tools that are in service.
    pub tools: Vec<Offered<Tool>>,
    /// The prompts of connectors that share them.
    pub prompts: Vec<Offered<Prompt>>,
    /// The resources of connectors that share them, in the order of the connectors. Two connectors may have one URI.
    pub resources: Vec<Offered<Resource>>,
    /// The resource templates of connectors that share them; of these too two may be the same.
    pub templates: Vec<Offered<ResourceTemplate>>,
}

/// One thing that is passed on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Offered<T> {
    /// The connector's slug.
    pub connector: String,
    /// The server's own name for it; for resources the URI, for templates the template.
    pub name: String,
    /// The name for others: `mcp_{slug}_{name}` or its alias for tools and prompts; the same as `name` for the rest.
    pub canonical: String,
    /// The definition as the server gave it, under the server's own name.
    pub definition: T,
    /// Whether the server completes arguments of prompts and variables of templates.
    pub completes: bool,
}

impl<T> Offered<T> {
    pub(crate) fn new(connector: &Connector, name: &str, canonical: String, definition: T) -> Self {
        let connector = connector.slug.clone();
        Self { connector, name: name.to_owned(), canonical, definition, completes: false }
    }

    pub(crate) fn completing(mut self, completes: bool) -> Self {
        self.completes = completes;
        self
    }
}

impl Offering {
    /// Returns the slug of the connector that a resource is asked of: the one that lists it, else the first that has a
    /// template which it can come of.
    pub fn owner_of(&self, uri: &str) -> Option<&str> {
        let resource = self.resources.iter().find(|resource| resource.name == uri);
        let template = || self.templates.iter().find(|template| sharing::matches(&template.name, uri));
        resource.map(|resource| resource.connector.as_str()).or_else(|| Some(template()?.connector.as_str()))
    }
}
