//! Tools: what a server lets a model do.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Number;
use serde_json::value::RawValue;

use crate::cache::CacheScope;
use crate::content::{ContentBlock, Icon};
use crate::json::{Members, RawJson};
use crate::result::ResultType;
use crate::salvage::{ListResult, Salvaged, SetAside};

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
        lst tools: Vec<Tool> = "tools",
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

/// Tells whether a tool's definition is one that can be called.
///
/// Arguments are an object, so the schema must be one that lets them be: an object itself whose `type`, where it is
/// given, allows `object`. The specification wants `type` to be there; servers leave it out for tools without
/// arguments, and nothing is lost by that. What it only recommends (length and letters of names) is not looked at.
///
/// # Errors
/// Returns the reason why it cannot be called.
pub fn check_definition(tool: &Tool) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, rename = "type")]
        kind: Option<&'a RawValue>,
    }

    if !tool.input_schema.is_object() {
        return Err(format!(
            "expected an object as `inputSchema`, found {}",
            excerpt(tool.input_schema.as_str())
        ));
    }
    let head: Head<'_> = serde_json::from_str(tool.input_schema.as_str())
        .map_err(|error| format!("`inputSchema`: {error}"))?;
    let Some(kind) = head.kind else { return Ok(()) };
    let allows_object = match serde_json::from_str::<Vec<String>>(kind.get()) {
        Ok(kinds) => kinds.iter().any(|kind| kind == "object"),
        Err(_) => kind.get() == "\"object\"",
    };
    match allows_object {
        true => Ok(()),
        false => Err(format!("expected an `inputSchema` of type \"object\", found {}", excerpt(kind.get()))),
    }
}

/// Returns the beginning of a peer's text, so that a message does not grow with what it complains about.
fn excerpt(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// Reads a page of tools of which some are wrong.
pub type ListToolsPage = Salvaged<ListToolsResult>;

impl ListResult for ListToolsResult {
    const LIST: &'static str = "tools";
    const DECORATION: &'static [&'static str] = &["title", "icons", "annotations", "_meta"];
    type Entry = Tool;

    fn check(tool: &Tool) -> Result<(), String> {
        check_definition(tool)
    }
}

impl ListToolsResult {
    /// Takes out the tools that could be read but not called (see [`check_definition`]), and says why.
    pub fn set_aside_unusable(&mut self) -> Vec<SetAside> {
        let mut set_aside = Vec::new();
        self.tools.retain(|tool| match check_definition(tool) {
            Ok(()) => true,
            Err(reason) => {
                set_aside.push(SetAside::new(Some(tool.name.clone()), reason));
                false
            }
        });
        set_aside
    }
}
