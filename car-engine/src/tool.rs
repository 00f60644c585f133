//! What is known about one tool.

use std::time::Duration;

use serde_json::value::RawValue;

/// A tool as it is shown to a model. Schemas are kept as the server wrote them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolSchema {
    /// The canonical name, by which the tool is called.
    pub name: String,
    /// What the tool does.
    pub description: Option<String>,
    /// The JSON Schema of the arguments.
    pub parameters: Box<RawValue>,
    /// The JSON Schema of the structured result.
    pub returns: Option<Box<RawValue>>,
    /// Whether a second call with the same arguments changes nothing more.
    pub idempotent: bool,
    /// For how many seconds a result may be reused.
    pub cache_ttl_secs: Option<u64>,
    /// How often the tool may be called.
    pub rate_limit: Option<RateLimit>,
}

impl ToolSchema {
    /// Describes a tool by its canonical name and the schema of its arguments.
    #[must_use]
    pub fn new(name: impl Into<String>, parameters: Box<RawValue>) -> Self {
        Self {
            name: name.into(),
            description: None,
            parameters,
            returns: None,
            idempotent: false,
            cache_ttl_secs: None,
            rate_limit: None,
        }
    }
}

/// How often a tool may be called: so many calls at once, and so many more in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// The calls in one period, and the most that may come at once.
    pub calls: u32,
    /// The period.
    pub period: Duration,
}

impl RateLimit {
    /// Allows so many calls in each period.
    #[must_use]
    pub fn new(calls: u32, period: Duration) -> Self {
        Self { calls, period }
    }
}

/// Where a tool comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolSource {
    /// An MCP server.
    Mcp {
        /// The connector's slug.
        server_name: String,
    },
    /// The program itself, through its [`ToolExecutor`](crate::ToolExecutor).
    Builtin,
}

/// Whether a person must agree to each call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolPermission {
    /// The policy alone decides.
    #[default]
    Allow,
    /// Each call that the policy allows is put before the [`Approver`](crate::Approver).
    Ask,
}

/// A tool with where it comes from and what it needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolEntry {
    /// The tool.
    pub schema: ToolSchema,
    /// Where it comes from.
    pub source: ToolSource,
    /// Whether a person must agree to each call.
    pub permission: ToolPermission,
}

impl ToolEntry {
    /// Describes a tool that may be called as far as the policy allows.
    #[must_use]
    pub fn new(schema: ToolSchema, source: ToolSource) -> Self {
        Self { schema, source, permission: ToolPermission::Allow }
    }
}

/// Where a call of a canonical name goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The connector's slug.
    pub connector: String,
    /// The tool, by the server's own name for it.
    pub tool: String,
}

impl Route {
    /// Names a connector and its tool.
    #[must_use]
    pub fn new(connector: impl Into<String>, tool: impl Into<String>) -> Self {
        Self { connector: connector.into(), tool: tool.into() }
    }
}
