//! Tools: what a server lets a model do.

use serde_json::Number;

use crate::cache::CacheScope;
use crate::content::{ContentBlock, Icon};
use crate::json::{Members, RawJson};
use crate::result::ResultType;

open_object! {
    /// A tool's own word about how it behaves. Never to be trusted from a server that is not.
    pub struct ToolAnnotations {
        /// Its name for people.
        opt title: String = "title",
        /// Whether it changes nothing.
        opt read_only_hint: bool = "readOnlyHint",
        /// Whether what it changes may be lost.
        opt destructive_hint: bool = "destructiveHint",
        /// Whether doing it twice is the same as doing it once.
        opt idempotent_hint: bool = "idempotentHint",
        /// Whether it reaches out to the world.
        opt open_world_hint: bool = "openWorldHint",
    }
}

open_object! {
    /// A tool.
    pub struct Tool {
        /// Its name, by which it is called.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// What it does, for the model.
        opt description: String = "description",
        /// The JSON Schema of its arguments, as the server wrote it.
        req input_schema: RawJson = "inputSchema",
        /// The JSON Schema of its structured result, as the server wrote it.
        opt output_schema: RawJson = "outputSchema",
        /// Its own word about how it behaves.
        opt annotations: ToolAnnotations = "annotations",
        /// Pictures for it.
        opt icons: Vec<Icon> = "icons",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `tools/list`.
    pub struct ListToolsResult {
        /// One page of tools.
        req tools: Vec<Tool> = "tools",
        /// Where the next page begins; absent on the last one.
        opt next_cursor: String = "nextCursor",
        /// How long the page stays fresh, in milliseconds.
        opt ttl_ms: Number = "ttlMs",
        /// Who may share it.
        opt cache_scope: CacheScope = "cacheScope",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `tools/call`.
    pub struct CallToolParams {
        /// The tool.
        req name: String = "name",
        /// Its arguments, an object.
        opt arguments: RawJson = "arguments",
        /// Answers to an earlier round, by key.
        opt input_responses: Members = "inputResponses",
        /// The state that an earlier round asked to have back, byte for byte.
        opt request_state: String = "requestState",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `tools/call`.
    pub struct CallToolResult {
        /// The answer for the model.
        dft content: Vec<ContentBlock> = "content",
        /// The answer as data: an object up to 2025-11-25, any value since.
        any structured_content: RawJson = "structuredContent",
        /// Whether the tool itself failed. Absent means it did not.
        opt is_error: bool = "isError",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

impl CallToolResult {
    /// Returns whether the tool itself failed.
    pub fn is_failure(&self) -> bool {
        self.is_error == Some(true)
    }
}
