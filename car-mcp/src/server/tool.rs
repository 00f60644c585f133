//! Tools: a definition and the function behind it.

use std::future::Future;

use car_mcp_proto::json::RawJson;
use car_mcp_proto::tool::{CallToolResult, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::failure::Failure;
use super::inbound::JsonSlice;
use super::result::IntoCallResult;
use super::tasks::TaskUse;

/// The arguments of a tool that has none.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, JsonSchema)]
#[expect(clippy::exhaustive_structs, reason = "a name for nothing")]
pub struct NoArguments {}

/// A tool's definition, before its function.
#[derive(Clone, Debug)]
pub struct ToolBuilder {
    definition: Tool,
}

/// A tool with its function.
#[derive(Debug)]
pub struct ServerTool {}

/// Begins to define a tool: its name, and what it does, for the model.
pub fn tool(name: impl Into<String>, description: impl Into<String>) -> ToolBuilder {
    let mut definition = Tool::new(name, RawJson::empty_object());
    definition.description = Some(description.into());
    ToolBuilder { definition }
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
    pub fn task(self, task: TaskUse) -> Self {
        todo!("core-a {task:?}")
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
        let _ = (self, function);
        todo!("core-a")
    }
}

impl ServerTool {
    /// Returns a tool with a definition of its own making, such as one that came from elsewhere. Schemas are sent byte
    /// for byte; arguments are checked against `inputSchema` and structured results against `outputSchema`.
    pub fn raw<F, Fut>(definition: Tool, function: F) -> Self
    where
        F: Fn(Option<JsonSlice>, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<CallToolResult, Failure>> + Send + 'static,
    {
        let _ = (definition, function);
        todo!("core-a")
    }

    /// Sets whether it answers with a task to clients that know tasks.
    #[must_use]
    pub fn task(self, task: TaskUse) -> Self {
        todo!("core-a {task:?}")
    }
}
