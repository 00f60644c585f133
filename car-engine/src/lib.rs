//! The governed path of a tool call: registry, routes, validator, policy, rate limit and event log.
//!
//! The engine knows nothing of transports: a [`McpSession`] is whatever can call a tool.
//!
//! ```text
//!  ToolRequest
//!     │
//!     ▼            ┌── ToolRegistry: canonical name → tool, route, compiled schemas
//!  McpToolExecutor ┤
//!     │            └── a name that is not there is refused: nothing leaves
//!     ├─▶ SchemaValidator   arguments against the tool's JSON Schema
//!     ├─▶ PolicyFile        deny before ask before allow; every verdict names its rule
//!     ├─▶ rate limit        a bucket of tokens for each tool
//!     ├─▶ EventLog          the decision, before anything leaves
//!     ▼
//!  McpSession (or ToolExecutor, for tools of the program itself)
//!     │
//!     ├─▶ SchemaValidator   the structured result against the tool's schema for it
//!     └─▶ EventLog          how the call ended
//! ```
//!
//! ```
//! use std::sync::Arc;
//!
//! use car_engine::{
//!     EventLog, EventLogOptions, McpToolExecutor, PolicyFile, SystemClock, ToolRegistry, ToolRequest,
//! };
//! use serde_json::value::RawValue;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let home = folder.path();
//! let clock = Arc::new(SystemClock::new());
//! let log = Arc::new(EventLog::new(home.join("events"), EventLogOptions::default(), clock.clone()));
//! let policy = PolicyFile::new(home.join("policy.toml"));
//! let executor = McpToolExecutor::new(Arc::new(ToolRegistry::new()), policy, log, clock);
//!
//! // A tool that was never enabled has no route: nothing leaves, and the log knows.
//! let arguments = RawValue::from_string("{}".to_owned())?;
//! let refused = executor.call(ToolRequest::new("mcp_docs_search", &arguments, "example")).await;
//! assert_eq!(refused.unwrap_err().to_string(), "\"mcp_docs_search\" is not an enabled tool");
//! assert_eq!(executor.log().verify()?.records, 1);
//! # Ok(())
//! # }
//! ```

mod clock;
mod error;

mod session;
mod tool;
mod validator;

mod registry;

mod events;
mod policy;
mod rate;

mod executor;
mod request;

pub use clock::{Clock, SystemClock};
pub use error::EngineError;
pub use events::{
    ArgumentLogging, EventFilter, EventKind, EventLog, EventLogOptions, EventPage, EventPosition,
    EventRecord, LogProblem, SyncPolicy, Verification, format_timestamp, redact_arguments,
};
pub use executor::McpToolExecutor;
pub use policy::{NewRule, Policy, PolicyFile, PolicyRequest, RuleKind, RuleLocation, RuleRef, Verdict};
pub use registry::{RegisteredTool, ToolRegistry};
pub use request::{AccessRequest, Approval, ApprovalQuestion, Approver, ToolRequest};
pub use session::{
    BoxFuture, McpCall, McpCallError, McpCallErrorKind, McpSession, McpToolResult, Progress, ProgressSink,
    ToolExecutor,
};
pub use tool::{RateLimit, Route, ToolEntry, ToolPermission, ToolSchema, ToolSource};
pub use validator::{SchemaError, SchemaLimits, SchemaValidator, Violation};
