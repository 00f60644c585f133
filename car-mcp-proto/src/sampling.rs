//! Sampling: a server asks the client's model for a message.

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

use crate::content::{ContentBlock, Role};
use crate::json::{FromMembers as _, MapMembers, Members, RawJson};
use crate::tool::Tool;

/// Holds the content of a sampling message: one block, or (2025-11-25 and later) a list of blocks.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "JSON has an object and an array here, and nothing else")]
pub enum SamplingContent {
    /// One block, written as an object.
    One(Box<ContentBlock>),
    /// A list of blocks, written as an array.
    Many(Vec<ContentBlock>),
}

impl SamplingContent {
    /// Returns the blocks.
    pub fn blocks(&self) -> &[ContentBlock] {
        match self {
            Self::One(block) => std::slice::from_ref(block),
            Self::Many(blocks) => blocks,
        }
    }
}

impl From<ContentBlock> for SamplingContent {
    fn from(block: ContentBlock) -> Self {
        Self::One(Box::new(block))
    }
}

impl Serialize for SamplingContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(block) => block.serialize(serializer),
            Self::Many(blocks) => blocks.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SamplingContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = SamplingContent;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a content block or an array of them")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SamplingContent, A::Error> {
                ContentBlock::from_members(MapMembers(map)).map(|block| SamplingContent::One(Box::new(block)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SamplingContent, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = items.next_element()? {
                    blocks.push(block);
                }
                Ok(SamplingContent::Many(blocks))
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

open_object! {
    /// One message of the conversation.
    pub struct SamplingMessage {
        /// Who speaks.
        req role: Role = "role",
        /// What is said.
        req content: SamplingContent = "content",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A model that the server would like, by part of its name.
    pub struct ModelHint {
        /// The name, or part of it.
        opt name: String = "name",
    }
}

open_object! {
    /// What the server would like the model to be good at. Each priority goes from 0 to 1.
    pub struct ModelPreferences {
        /// Models it would like, best first.
        opt hints: Vec<ModelHint> = "hints",
        /// How much price matters.
        opt cost_priority: Number = "costPriority",
        /// How much speed matters.
        opt speed_priority: Number = "speedPriority",
        /// How much ability matters.
        opt intelligence_priority: Number = "intelligencePriority",
    }
}

open_object! {
    /// Whether and how the model may use tools.
    pub struct ToolChoice {
        /// `auto`, `required` or `none`.
        opt mode: String = "mode",
    }
}

open_object! {
    /// Parameters of `sampling/createMessage`.
    pub struct CreateMessageParams {
        /// The conversation so far.
        req messages: Vec<SamplingMessage> = "messages",
        /// What the model should be good at.
        opt model_preferences: ModelPreferences = "modelPreferences",
        /// The system prompt.
        opt system_prompt: String = "systemPrompt",
        /// What of the client's own context to add: `none`, `thisServer`, `allServers`.
        opt include_context: String = "includeContext",
        /// The temperature.
        opt temperature: Number = "temperature",
        /// How many tokens the answer may have.
        opt max_tokens: Number = "maxTokens",
        /// Texts at which the model stops.
        opt stop_sequences: Vec<String> = "stopSequences",
        /// Whatever the model's provider understands.
        opt metadata: RawJson = "metadata",
        /// Tools that the model may use.
        opt tools: Vec<Tool> = "tools",
        /// Whether and how it may use them.
        opt tool_choice: ToolChoice = "toolChoice",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `sampling/createMessage`.
    pub struct CreateMessageResult {
        /// Who speaks.
        req role: Role = "role",
        /// What is said.
        req content: SamplingContent = "content",
        /// The model that answered.
        req model: String = "model",
        /// Why it stopped: `endTurn`, `stopSequence`, `maxTokens`, `toolUse`, or the provider's own word.
        opt stop_reason: String = "stopReason",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}
