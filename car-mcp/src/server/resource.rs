//! Resources and resource templates: a definition and the function behind it.

use std::future::Future;

use car_mcp_proto::resource::{Resource, ResourceContents, ResourceTemplate};

use super::context::Context;
use super::failure::Failure;

/// The variables of a URI template, as a URI gave them, percent-decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(pub(crate) Vec<(Box<str>, String)>);

impl Variables {
    /// Returns a variable.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| **key == *name).map(|(_, value)| value.as_str())
    }
}

/// A resource's definition, before its function.
#[derive(Clone, Debug)]
pub struct ResourceBuilder {
    definition: Resource,
}

/// A resource with its function.
#[derive(Debug)]
pub struct ServerResource {}

/// A template's definition, before its function.
#[derive(Clone, Debug)]
pub struct TemplateBuilder {
    definition: ResourceTemplate,
}

/// A template with its function.
#[derive(Debug)]
pub struct ServerTemplate {}

/// Begins to define a resource: its URI and its name.
pub fn resource(uri: impl Into<String>, name: impl Into<String>) -> ResourceBuilder {
    ResourceBuilder { definition: Resource::new(uri, name) }
}

/// Begins to define a resource template: a URI template (RFC 6570, levels 1 and 2: `{name}`, `{+name}`) and its name.
pub fn template(uri_template: impl Into<String>, name: impl Into<String>) -> TemplateBuilder {
    TemplateBuilder { definition: ResourceTemplate::new(uri_template, name) }
}

impl ResourceBuilder {
    /// Says what it is.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.definition.mime_type = Some(mime_type.into());
        self
    }

    /// Gives it its function, which returns the contents.
    pub fn read<F, Fut>(self, function: F) -> ServerResource
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<ResourceContents>, Failure>> + Send + 'static,
    {
        let _ = (self, function);
        todo!("core-a")
    }
}

impl TemplateBuilder {
    /// Says what it is.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// Sets the media type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.definition.mime_type = Some(mime_type.into());
        self
    }

    /// Gives it its function, which takes the URI that is read and its variables. A template that fits a URI for which
    /// there is nothing answers with [`Failure::resource_not_found`].
    pub fn read<F, Fut>(self, function: F) -> ServerTemplate
    where
        F: Fn(String, Variables, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<ResourceContents>, Failure>> + Send + 'static,
    {
        let _ = (self, function);
        todo!("core-a")
    }
}
