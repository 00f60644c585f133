//! Content blocks: what tools, prompts and sampling messages are made of.

use serde_json::Number;

use crate::json::{Members, RawJson};
use crate::resource::ResourceContents;

open_enum! {
    /// Names who speaks in a conversation.
    pub struct Role {
        /// The person, or the application on their behalf.
        USER = "user",
        /// The model.
        ASSISTANT = "assistant",
    }
}

open_object! {
    /// Hints about whom content is for and how much it matters.
    pub struct Annotations {
        /// For whom it is meant.
        opt audience: Vec<Role> = "audience",
        /// How much it matters, from 0 (not at all) to 1 (most).
        opt priority: Number = "priority",
        /// When it last changed, as ISO 8601.
        opt last_modified: String = "lastModified",
    }
}

open_object! {
    /// A picture that stands for something in a user interface.
    pub struct Icon {
        /// Where it is: an `https:` or `data:` URI.
        req src: String = "src",
        /// Its media type.
        opt mime_type: String = "mimeType",
        /// The sizes it serves, such as `48x48` or `any`.
        opt sizes: Vec<String> = "sizes",
        /// The theme it was drawn for: `light` or `dark`.
        opt theme: String = "theme",
    }
}

open_object! {
    /// Text.
    pub struct TextContent tag "type" = "text" {
        /// The text.
        req text: String = "text",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// An image.
    pub struct ImageContent tag "type" = "image" {
        /// The image in Base64.
        req data: String = "data",
        /// Its media type.
        req mime_type: String = "mimeType",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A sound.
    pub struct AudioContent tag "type" = "audio" {
        /// The sound in Base64.
        req data: String = "data",
        /// Its media type.
        req mime_type: String = "mimeType",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A resource that can be read by its URI.
    pub struct ResourceLink tag "type" = "resource_link" {
        /// The resource's URI.
        req uri: String = "uri",
        /// Its name in code.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// What it is.
        opt description: String = "description",
        /// Its media type.
        opt mime_type: String = "mimeType",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Its size in bytes, before any encoding.
        opt size: Number = "size",
        /// Pictures for it.
        opt icons: Vec<Icon> = "icons",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A resource's contents, put straight into a message.
    pub struct EmbeddedResource tag "type" = "resource" {
        /// The contents.
        req resource: ResourceContents = "resource",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A model's wish to use a tool (sampling, 2025-11-25 and later).
    pub struct ToolUseContent tag "type" = "tool_use" {
        /// Identifies this use; the result names it.
        req id: String = "id",
        /// The tool.
        req name: String = "name",
        /// The arguments.
        req input: RawJson = "input",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// What a tool answered to a model (sampling, 2025-11-25 and later).
    pub struct ToolResultContent tag "type" = "tool_result" {
        /// The use that it answers.
        req tool_use_id: String = "toolUseId",
        /// The answer.
        dft content: Vec<ContentBlock> = "content",
        /// The answer as data.
        any structured_content: RawJson = "structuredContent",
        /// Whether the tool failed.
        opt is_error: bool = "isError",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

tagged_union! {
    /// One block of content. The last two appear in sampling messages only.
    pub enum ContentBlock by "type" {
        /// Text.
        Text(TextContent) = "text",
        /// An image.
        Image(ImageContent) = "image",
        /// A sound.
        Audio(AudioContent) = "audio",
        /// A resource that can be read.
        ResourceLink(ResourceLink) = "resource_link",
        /// A resource's contents.
        Resource(EmbeddedResource) = "resource",
        /// A model's wish to use a tool.
        ToolUse(ToolUseContent) = "tool_use",
        /// A tool's answer to a model.
        ToolResult(ToolResultContent) = "tool_result",
    }
}

impl ContentBlock {
    /// Returns a block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextContent::new(text))
    }

    /// Returns the text, if this is a block of text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(content) => Some(&content.text),
            _ => None,
        }
    }
}
