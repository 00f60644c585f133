//! Tools: a definition and the function behind it.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use car_mcp_proto::Era;
use car_mcp_proto::json::RawJson;
use car_mcp_proto::param_header::ParamHeaders;
use car_mcp_proto::tool::{CallToolResult, Tool, ToolAnnotations, check_definition};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::arguments;
use super::builder::DefinitionError;
use super::context::Context;
use super::failure::Failure;
use super::forwarded::{self, Given};
use super::inbound::JsonSlice;
use super::offer::Offered;
use super::registry::{Entry, List};
use super::result::IntoCallResult;
use super::schema;
use super::tasks::TaskUse;
use crate::transport::BoxFuture;

/// The arguments of a tool that has none.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[expect(clippy::exhaustive_structs, reason = "a name for nothing")]
pub struct NoArguments {}

/// A tool's definition, before its function.
#[derive(Clone, Debug)]
pub struct ToolBuilder {
    definition: Tool,
    task: TaskUse,
}

/// A tool's function, whatever its types are.
pub(crate) type ToolFunction = dyn Fn(Option<JsonSlice>, Context) -> BoxFuture<'static, Result<Given<CallToolResult>, Failure>>
    + Send
    + Sync;

/// A tool with its function.
pub struct ServerTool {
    definition: Tool,
    task: TaskUse,
    function: Box<ToolFunction>,
    schemas: Schemas,
}

/// Who sees to it that arguments and results fit the schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schemas {
    /// The function's types, from which they are made.
    OfTypes,
    /// The server, which compiles them.
    Enforced,
    /// Whoever runs the tool.
    Elsewhere,
}

/// A tool as it is served.
pub(crate) struct ToolEntry {
    pub(crate) definition: Tool,
    pub(crate) task: TaskUse,
    pub(crate) function: Box<ToolFunction>,
    /// The headers that calls repeat; nothing where there are none.
    pub(crate) headers: Option<Arc<ParamHeaders>>,
    schemas: Schemas,
    text: Arc<str>,
    /// The definition for legacy clients, where it differs.
    legacy_text: Option<Arc<str>>,
}

/// Begins to define a tool: its name, and what it does, for the model.
pub fn tool(name: impl Into<String>, description: impl Into<String>) -> ToolBuilder {
    let mut definition = Tool::new(name, RawJson::empty_object());
    definition.description = Some(description.into());
    ToolBuilder { definition, task: TaskUse::Never }
}

impl ToolBuilder {
    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// Says how it behaves.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.definition.annotations = Some(annotations);
        self
    }

    /// Sets whether it answers with a task to clients that know tasks. Never, without it.
    #[must_use]
    pub const fn task(mut self, task: TaskUse) -> Self {
        self.task = task;
        self
    }

    /// Gives it its function. The schemas are those of the function's types; a property is repeated in a header with
    /// `#[schemars(extend("x-mcp-header" = "Region"))]`.
    ///
    /// Arguments that do not fit the type are answered with a failed result that says what does not fit.
    pub fn run<A, R, F, Fut>(self, function: F) -> ServerTool
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: IntoCallResult,
        F: Fn(A, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
    {
        let mut definition = self.definition;
        definition.input_schema = arguments::schema_of::<A>();
        definition.output_schema = R::output_schema();
        let function = move |given: Option<JsonSlice>, context| -> BoxFuture<'static, _> {
            match arguments::read::<A>(given.as_ref()) {
                Ok(arguments) => {
                    let work = function(arguments, context);
                    Box::pin(async move { work.await?.into_call_result().map(Given::Own) })
                }
                Err(failure) => Box::pin(std::future::ready(Err(failure))),
            }
        };
        ServerTool { definition, task: self.task, function: Box::new(function), schemas: Schemas::OfTypes }
    }
}

impl ServerTool {
    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        &self.definition.name
    }

    /// Returns a tool with a definition of its own making, such as one that came from elsewhere. Schemas are sent byte
    /// for byte; arguments are checked against `inputSchema` and structured results against `outputSchema`. A schema
    /// that does not say what it is written in is one of JSON Schema 2020-12; a `$ref` must stay within the schema.
    pub fn raw<F, Fut>(definition: Tool, function: F) -> Self
    where
        F: Fn(Option<JsonSlice>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<CallToolResult, Failure>> + Send + 'static,
    {
        let function = move |given, context| -> BoxFuture<'static, _> {
            let work = function(given, context);
            Box::pin(async move { work.await.map(Given::Own) })
        };
        Self { definition, task: TaskUse::Never, function: Box::new(function), schemas: Schemas::Enforced }
    }

    /// Returns a tool that somebody else runs: definition and results are passed on as they came. Neither arguments nor
    /// results are checked here; whoever runs it does. The function returns the whole result, an object.
    ///
    /// An `inputSchema` that does not say that arguments are an object is made to say so: there are clients that refuse a
    /// whole list for one tool without it.
    pub fn forwarded<F, Fut>(mut definition: Tool, function: F) -> Self
    where
        F: Fn(Option<JsonSlice>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RawJson, Failure>> + Send + 'static,
    {
        let function = move |given, context| -> BoxFuture<'static, _> {
            let work = function(given, context);
            Box::pin(async move { work.await.map(Given::Forwarded) })
        };
        forwarded::accept_objects(&mut definition);
        Self { definition, task: TaskUse::Never, function: Box::new(function), schemas: Schemas::Elsewhere }
    }

    /// Sets whether it answers with a task to clients that know tasks.
    #[must_use]
    pub const fn task(mut self, task: TaskUse) -> Self {
        self.task = task;
        self
    }
}

impl fmt::Debug for ServerTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerTool").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl ToolEntry {
    /// Checks a tool and prepares what each call needs of it.
    pub(crate) fn prepare(tool: ServerTool) -> Result<Self, DefinitionError> {
        let ServerTool { definition, task, mut function, schemas } = tool;
        let invalid =
            |reason: String| DefinitionError::Invalid { kind: "tool", name: definition.name.clone(), reason };
        check_definition(&definition).map_err(invalid)?;
        if schemas == Schemas::Enforced {
            function = schema::enforced(&definition, function).map_err(invalid)?;
        }
        let headers = match (ParamHeaders::from_schema(&definition.input_schema), schemas) {
            (Ok(headers), _) => headers,
            // Clients over HTTP pass such a tool over by themselves; to others its headers mean nothing.
            (Err(error), Schemas::Elsewhere) => {
                tracing::debug!(tool = definition.name, %error, "the tool repeats nothing in headers");
                ParamHeaders::default()
            }
            (Err(error), _) => return Err(invalid(error.to_string())),
        };
        let headers = (!headers.is_empty()).then(|| Arc::new(headers));
        let text = serde_json::to_string(&definition).expect("a definition is JSON").into();
        let legacy_text = legacy_text(&definition);
        Ok(Self { definition, task, function, schemas, headers, text, legacy_text })
    }

    /// As [`ToolEntry::prepare`]; what was made of a forwarded definition before is used again where it has not changed.
    pub(crate) fn prepare_like(tool: ServerTool, old: Option<&Self>) -> Result<Self, DefinitionError> {
        let is_same = |old: &&Self| {
            (old.schemas, tool.schemas) == (Schemas::Elsewhere, Schemas::Elsewhere)
                && old.definition == tool.definition
        };
        match old.filter(is_same) {
            Some(old) => Ok(Self {
                definition: tool.definition,
                task: tool.task,
                function: tool.function,
                schemas: tool.schemas,
                headers: old.headers.clone(),
                text: Arc::clone(&old.text),
                legacy_text: old.legacy_text.clone(),
            }),
            None => Self::prepare(tool),
        }
    }
}

/// Writes a definition without what legacy clients cannot read: they know structured results that are objects, and
/// refuse a whole list for one `outputSchema` that says otherwise.
fn legacy_text(definition: &Tool) -> Option<Arc<str>> {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(rename = "type")]
        kind: Option<serde_json::Value>,
    }
    let schema = definition.output_schema.as_ref()?;
    if schema.parse::<Head>().is_ok_and(|head| head.kind.is_some_and(|kind| kind == "object")) {
        return None;
    }
    let mut definition = definition.clone();
    definition.output_schema = None;
    Some(serde_json::to_string(&definition).expect("a definition is JSON").into())
}

impl Entry for ToolEntry {
    const LIST: List = List::Tools;

    fn key(&self) -> &str {
        &self.definition.name
    }

    fn offered(&self) -> Offered<'_> {
        Offered::Tool(self.key())
    }

    fn text(&self, era: Era) -> &str {
        match era {
            Era::Legacy => self.legacy_text.as_deref().unwrap_or(&self.text),
            Era::Modern => &self.text,
        }
    }
}

impl fmt::Debug for ToolEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ToolEntry").field("definition", &self.definition).finish_non_exhaustive()
    }
}
