//! Prompts: messages that a server prepares for a person to pick.

use serde_json::Number;

use crate::cache::CacheScope;
use crate::content::{ContentBlock, Icon, Role};
use crate::json::Members;
use crate::result::ResultType;
use crate::salvage::ListResult;

open_object! {
    /// An argument of a prompt.
    pub struct PromptArgument {
        /// Its name in code.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// What it is.
        opt description: String = "description",
        /// Whether it must be given.
        opt required: bool = "required",
    }
}

open_object! {
    /// A prompt.
    pub struct Prompt {
        /// Its name, by which it is asked for.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// What it is for.
        opt description: String = "description",
        /// Its arguments.
        opt arguments: Vec<PromptArgument> = "arguments",
        /// Pictures for it.
        opt icons: Vec<Icon> = "icons",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `prompts/list`.
    pub struct ListPromptsResult {
        /// One page of prompts.
        lst prompts: Vec<Prompt> = "prompts",
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
    /// Parameters of `prompts/get`.
    pub struct GetPromptParams {
        /// The prompt.
        req name: String = "name",
        /// Its arguments: strings by name.
        opt arguments: Members = "arguments",
        /// Answers to an earlier round, by key.
        opt input_responses: Members = "inputResponses",
        /// The state that an earlier round asked to have back, byte for byte.
        opt request_state: String = "requestState",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// One message of a prompt.
    pub struct PromptMessage {
        /// Who speaks.
        req role: Role = "role",
        /// What is said.
        req content: ContentBlock = "content",
    }
}

open_object! {
    /// Result of `prompts/get`.
    pub struct GetPromptResult {
        /// What the prompt is for.
        opt description: String = "description",
        /// The messages.
        lst messages: Vec<PromptMessage> = "messages",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

impl ListResult for ListPromptsResult {
    const LIST: &'static str = "prompts";
    const DECORATION: &'static [&'static str] = &["title", "icons", "_meta"];
    type Entry = Prompt;

    fn check(_: &Prompt) -> Result<(), String> {
        Ok(())
    }
}
