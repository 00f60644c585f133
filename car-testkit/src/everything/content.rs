//! Tools that answer with one kind of content each.

use car_mcp::proto::content::{AudioContent, ContentBlock, EmbeddedResource, ImageContent};
use car_mcp::proto::json::RawJson;
use car_mcp::proto::resource::ResourceContents;
use car_mcp::proto::tool::{CallToolResult, Tool};
use car_mcp::server::{Failure, NoArguments, ServerBuilder, ServerTool, tool};

/// One red pixel.
pub(super) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/// Two samples of silence.
const WAV: &str = "UklGRigAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQQAAAAAAAAA";

/// Uses what the vocabulary of 2020-12 has beyond older ones: none of it may be lost on the way to a client.
const RICH_SCHEMA: &str = r##"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {
    "address": {
      "$anchor": "addressDef",
      "type": "object",
      "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
    }
  },
  "properties": {
    "name": { "type": "string" },
    "address": { "$ref": "#/$defs/address" },
    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
    "phone": { "type": "string" },
    "email": { "type": "string" }
  },
  "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
  "then": { "required": ["phone"] },
  "else": { "required": ["email"] },
  "additionalProperties": false
}"##;

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(
            tool("test_simple_text", "Answers with a text.")
                .run(|_: NoArguments, _| async { Ok("This is a simple text response for testing.") }),
        )
        .tool(
            tool("test_image_content", "Answers with an image.")
                .run(|_: NoArguments, _| async { Ok(vec![image()]) }),
        )
        .tool(
            tool("test_audio_content", "Answers with a sound.")
                .run(|_: NoArguments, _| async { Ok(vec![sound()]) }),
        )
        .tool(tool("test_embedded_resource", "Answers with a resource's contents.").run(
            |_: NoArguments, _| async {
                let text = "This is an embedded resource content.";
                Ok(vec![embedded("test://embedded-resource", "text/plain", text)])
            },
        ))
        .tool(
            tool("test_multiple_content_types", "Answers with a text, an image and a resource.")
                .run(|_: NoArguments, _| async { Ok(several()) }),
        )
        .tool(tool("test_error_handling", "Always fails, and says so.").run(|_: NoArguments, _| async {
            Err::<String, _>(Failure::new("This tool intentionally returns an error for testing"))
        }))
        .tool(rich_schema())
}

/// Returns a block of the image.
pub(super) fn image() -> ContentBlock {
    ContentBlock::Image(ImageContent::new(PNG, "image/png"))
}

/// Returns a block of a resource's contents, as text.
pub(super) fn embedded(uri: &str, mime_type: &str, text: &str) -> ContentBlock {
    let mut contents = ResourceContents::new(uri);
    contents.mime_type = Some(mime_type.to_owned());
    contents.text = Some(text.to_owned());
    ContentBlock::Resource(EmbeddedResource::new(contents))
}

/// Returns a block of the sound.
pub(super) fn sound() -> ContentBlock {
    ContentBlock::Audio(AudioContent::new(WAV, "audio/wav"))
}

fn several() -> Vec<ContentBlock> {
    let json = r#"{"test":"data","value":123}"#;
    vec![
        ContentBlock::text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", "application/json", json),
    ]
}

fn rich_schema() -> ServerTool {
    let schema = RawJson::from_text(RICH_SCHEMA).expect("the schema is JSON");
    let mut definition = Tool::new("json_schema_2020_12_tool", schema);
    definition.description = Some("Tool with JSON Schema 2020-12 features".to_owned());
    ServerTool::raw(definition, |arguments, _| async move {
        let given = arguments.as_ref().map_or("{}", |arguments| arguments.as_str());
        let mut result = CallToolResult::new();
        result.content = vec![ContentBlock::text(format!("Called with {given}"))];
        Ok(result)
    })
}
