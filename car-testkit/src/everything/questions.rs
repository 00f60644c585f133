//! Tools that ask the client: its user, its model.

use car_mcp::proto::content::{ContentBlock, Role};
use car_mcp::proto::elicitation::{ElicitParams, ElicitResult, FormSchema};
use car_mcp::proto::json::RawJson;
use car_mcp::proto::sampling::{CreateMessageParams, CreateMessageResult, SamplingMessage};
use car_mcp::server::{Context, Failure, NoArguments, ServerBuilder, tool};
use schemars::JsonSchema;
use serde::Deserialize;

/// How long a model may answer.
pub(super) const MAX_TOKENS: u64 = 100;

const USER: &str = r#"{
  "type": "object",
  "properties": {
    "username": { "type": "string", "description": "User's response" },
    "email": { "type": "string", "description": "User's email address" }
  },
  "required": ["username", "email"]
}"#;

/// A default of each kind (SEP-1034).
const DEFAULTS: &str = r#"{
  "type": "object",
  "properties": {
    "name": { "type": "string", "description": "User name", "default": "John Doe" },
    "age": { "type": "integer", "description": "User age", "default": 30 },
    "score": { "type": "number", "description": "User score", "default": 95.5 },
    "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
    "verified": { "type": "boolean", "description": "Verification status", "default": true }
  },
  "required": []
}"#;

/// A choice of each kind (SEP-1330).
const CHOICES: &str = r#"{
  "type": "object",
  "properties": {
    "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
    "titledSingle": {
      "type": "string",
      "oneOf": [
        { "const": "value1", "title": "First Option" },
        { "const": "value2", "title": "Second Option" },
        { "const": "value3", "title": "Third Option" }
      ]
    },
    "legacyEnum": {
      "type": "string",
      "enum": ["opt1", "opt2", "opt3"],
      "enumNames": ["Option One", "Option Two", "Option Three"]
    },
    "untitledMulti": {
      "type": "array",
      "items": { "type": "string", "enum": ["option1", "option2", "option3"] }
    },
    "titledMulti": {
      "type": "array",
      "items": {
        "anyOf": [
          { "const": "value1", "title": "First Choice" },
          { "const": "value2", "title": "Second Choice" },
          { "const": "value3", "title": "Third Choice" }
        ]
      }
    }
  },
  "required": []
}"#;

#[derive(Deserialize, JsonSchema)]
struct Prompt {
    /// What to ask the model
    prompt: String,
}

#[derive(Deserialize, JsonSchema)]
struct Message {
    /// What to show the user
    message: String,
}

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(tool("test_sampling", "Asks the client's model.").run(sampling))
        .tool(tool("test_elicitation", "Asks the user for a name and an address.").run(
            |arguments: Message, context: Context| async move {
                let answer = context.elicit("user", form(&arguments.message, USER)).await?;
                Ok(format!("User response: {}", told(&answer)))
            },
        ))
        .tool(
            tool("test_elicitation_sep1034_defaults", "Asks by a form whose fields have defaults.")
                .run(|_: NoArguments, context| by_form(context, "Please check these values", DEFAULTS)),
        )
        .tool(
            tool("test_elicitation_sep1330_enums", "Asks by a form of choices.")
                .run(|_: NoArguments, context| by_form(context, "Please choose", CHOICES)),
        )
        .tool(tool("test_missing_capability", "Needs a client whose model can be asked.").run(
            |_: NoArguments, context: Context| async move {
                context.sample("needed", message("Are you there?", MAX_TOKENS)).await?;
                Ok("The model is there.")
            },
        ))
}

async fn sampling(arguments: Prompt, context: Context) -> Result<String, Failure> {
    let answer = context.sample("answer", message(&arguments.prompt, MAX_TOKENS)).await?;
    Ok(format!("LLM response: {}", said(&answer)))
}

async fn by_form(context: Context, text: &'static str, schema: &'static str) -> Result<String, Failure> {
    let answer = context.elicit("form", form(text, schema)).await?;
    Ok(format!("Elicitation completed: {}", told(&answer)))
}

/// Returns a question by form; `schema` is one of this crate's own.
pub(super) fn form(text: &str, schema: &str) -> ElicitParams {
    let schema: FormSchema = serde_json::from_str(schema).expect("the schema is one of ours");
    let mut params = ElicitParams::new(text);
    params.requested_schema = Some(schema);
    params
}

/// Returns a question with one field.
pub(super) fn ask_for(field: &str, kind: &str, text: &str) -> ElicitParams {
    let schema = serde_json::json!({
        "type": "object", "properties": { field: { "type": kind } }, "required": [field],
    });
    form(text, &schema.to_string())
}

/// Returns a question to the model.
pub(super) fn message(text: &str, max_tokens: u64) -> CreateMessageParams {
    let message = SamplingMessage::new(Role::USER, ContentBlock::text(text));
    let mut params = CreateMessageParams::new(vec![message]);
    params.max_tokens = Some(max_tokens.into());
    params
}

/// Returns what the user did, and what they filled in.
pub(super) fn told(answer: &ElicitResult) -> String {
    let content = answer.content.as_ref().and_then(|content| RawJson::from_value(content).ok());
    let content = content.as_ref().map_or("{}", RawJson::as_str);
    format!("action={}, content={content}", answer.action.as_str())
}

/// Returns a text that the user filled in.
pub(super) fn filled_in(answer: &ElicitResult, field: &str) -> Option<String> {
    answer.content.as_ref()?.member(field)?.parse().ok()
}

/// Returns the first text of what the model said.
pub(super) fn said(answer: &CreateMessageResult) -> &str {
    answer.content.blocks().iter().find_map(ContentBlock::as_text).unwrap_or("(nothing in words)")
}
