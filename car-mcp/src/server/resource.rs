//! Resources and resource templates: a definition and the function behind it.

use std::fmt;
use std::future::Future;

use car_mcp_proto::resource::{Resource, ResourceContents, ResourceTemplate};
use car_mcp_proto::{Era, RawJson};

use super::builder::DefinitionError;
use super::context::Context;
use super::failure::Failure;
use super::forwarded::Given;
use super::offer::Offered;
use super::registry::{Entry, List};
use super::uri_template::UriTemplate;
use crate::transport::BoxFuture;

/// The variables of a URI template, as a URI gave them, percent-decoded: a `%2F` in the URI is a `/` here, so a value that
/// becomes part of a path has to be checked first.
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

/// A resource's function.
pub(crate) type ResourceFunction =
    dyn Fn(Context) -> BoxFuture<'static, Result<Given<Vec<ResourceContents>>, Failure>> + Send + Sync;

/// A template's function.
pub(crate) type TemplateFunction = dyn Fn(String, Variables, Context) -> BoxFuture<'static, Result<Given<Vec<ResourceContents>>, Failure>>
    + Send
    + Sync;

/// A resource with its function.
pub struct ServerResource {
    definition: Resource,
    function: Box<ResourceFunction>,
}

/// A resource as it is served.
pub(crate) struct ResourceEntry {
    pub(crate) definition: Resource,
    pub(crate) function: Box<ResourceFunction>,
    text: Box<str>,
}

/// A template's definition, before its function.
#[derive(Clone, Debug)]
pub struct TemplateBuilder {
    definition: ResourceTemplate,
}

/// A template with its function.
pub struct ServerTemplate {
    definition: ResourceTemplate,
    function: Box<TemplateFunction>,
    is_forwarded: bool,
}

/// A template as it is served.
pub(crate) struct TemplateEntry {
    pub(crate) definition: ResourceTemplate,
    pub(crate) function: Box<TemplateFunction>,
    pub(crate) template: UriTemplate,
    text: Box<str>,
}

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
        let function = move |context| -> BoxFuture<'static, _> {
            let work = function(context);
            Box::pin(async move { work.await.map(Given::Own) })
        };
        ServerResource { definition: self.definition, function: Box::new(function) }
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
        let function = move |uri, variables, context| -> BoxFuture<'static, _> {
            let work = function(uri, variables, context);
            Box::pin(async move { work.await.map(Given::Own) })
        };
        ServerTemplate { definition: self.definition, function: Box::new(function), is_forwarded: false }
    }
}

impl ServerResource {
    /// Returns a resource that somebody else has: definition and results are passed on as they came. The function
    /// returns the whole result, an object.
    pub fn forwarded<F, Fut>(definition: Resource, function: F) -> Self
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RawJson, Failure>> + Send + 'static,
    {
        let function = move |context| -> BoxFuture<'static, _> {
            let work = function(context);
            Box::pin(async move { work.await.map(Given::Forwarded) })
        };
        Self { definition, function: Box::new(function) }
    }
}

impl ServerTemplate {
    /// Returns a template of resources that somebody else has: definition and results are passed on as they came. The
    /// function is given the URI, and returns the whole result, an object.
    ///
    /// The template may have expressions of every level of RFC 6570. One of the levels 3 and 4 stands for any text:
    /// whether the URI is one of the template's is for whoever reads it to say.
    pub fn forwarded<F, Fut>(definition: ResourceTemplate, function: F) -> Self
    where
        F: Fn(String, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RawJson, Failure>> + Send + 'static,
    {
        let function = move |uri, _: Variables, context| -> BoxFuture<'static, _> {
            let work = function(uri, context);
            Box::pin(async move { work.await.map(Given::Forwarded) })
        };
        Self { definition, function: Box::new(function), is_forwarded: true }
    }
}

impl fmt::Debug for ServerResource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerResource").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl fmt::Debug for ResourceEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ResourceEntry").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerTemplate").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl fmt::Debug for TemplateEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TemplateEntry").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl ResourceEntry {
    pub(crate) fn prepare(resource: ServerResource) -> Self {
        let ServerResource { definition, function } = resource;
        let text = serde_json::to_string(&definition).expect("a definition is JSON").into();
        Self { definition, function, text }
    }
}

impl TemplateEntry {
    /// Checks a template.
    pub(crate) fn prepare(template: ServerTemplate) -> Result<Self, DefinitionError> {
        let ServerTemplate { definition, function, is_forwarded } = template;
        let template = match is_forwarded {
            true => UriTemplate::parse_any(&definition.uri_template),
            false => UriTemplate::parse(&definition.uri_template),
        };
        let template = template.map_err(|reason| DefinitionError::Invalid {
            kind: "resource template",
            name: definition.uri_template.clone(),
            reason,
        })?;
        let text = serde_json::to_string(&definition).expect("a definition is JSON").into();
        Ok(Self { definition, function, template, text })
    }
}

impl Entry for ResourceEntry {
    const LIST: List = List::Resources;

    fn key(&self) -> &str {
        &self.definition.uri
    }

    fn offered(&self) -> Offered<'_> {
        Offered::Resource(self.key())
    }

    fn text(&self, _: Era) -> &str {
        &self.text
    }
}

impl Entry for TemplateEntry {
    const LIST: List = List::Templates;

    fn key(&self) -> &str {
        &self.definition.uri_template
    }

    fn offered(&self) -> Offered<'_> {
        Offered::Template(self.key())
    }

    fn text(&self, _: Era) -> &str {
        &self.text
    }
}
