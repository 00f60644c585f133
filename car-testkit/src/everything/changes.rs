//! Tools that change what the server offers, so that whoever listens is told.

use car_mcp::proto::content::{ContentBlock, Role};
use car_mcp::proto::prompt::{GetPromptResult, PromptMessage};
use car_mcp::server::{Context, Failure, NoArguments, ServerBuilder, ServerPrompt, ServerTool, prompt, tool};

/// The tool, and the prompt, that come and go.
const EXTRA: &str = "extra";

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(
            tool("change_tools", "Adds the tool `extra`, or takes it away.")
                .run(|_: NoArguments, context| change_tools(context)),
        )
        .tool(
            tool("test_trigger_tool_change", "Adds the tool `extra`, or takes it away.")
                .run(|_: NoArguments, context| change_tools(context)),
        )
        .tool(
            tool("test_trigger_prompt_change", "Adds the prompt `extra`, or takes it away.")
                .run(|_: NoArguments, context| change_prompts(context)),
        )
        .tool(tool("test_trigger_resource_update", "Tells that `test://watched-resource` was updated.").run(
            |_: NoArguments, context: Context| async move {
                context.server().resource_updated(super::resources::WATCHED);
                Ok("The resource has been updated.")
            },
        ))
}

async fn change_tools(context: Context) -> Result<&'static str, Failure> {
    if !context.server().remove_tool(EXTRA) {
        context.server().add_tool(extra_tool())?;
    }
    Ok("The list of tools has changed.")
}

async fn change_prompts(context: Context) -> Result<&'static str, Failure> {
    if !context.server().remove_prompt(EXTRA) {
        context.server().add_prompt(extra_prompt());
    }
    Ok("The list of prompts has changed.")
}

fn extra_tool() -> ServerTool {
    tool(EXTRA, "Appears and disappears.").run(|_: NoArguments, _| async { Ok("Here for now.") })
}

fn extra_prompt() -> ServerPrompt {
    prompt(EXTRA, "Appears and disappears.").run(|_, _| async {
        let message = PromptMessage::new(Role::USER, ContentBlock::text("Here for now."));
        Ok(GetPromptResult::new(vec![message]))
    })
}
