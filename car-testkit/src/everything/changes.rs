//! Tools that change what the server offers, so that whoever listens is told.

use car_mcp::server::{NoArguments, ServerBuilder, tool};

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(tool("test_trigger_tool_change", "Tells that the list of tools changed.").run(
            |_: NoArguments, context: car_mcp::server::Context| async move {
                context.server().tools_changed();
                Ok("The list of tools has changed.")
            },
        ))
        .tool(tool("test_trigger_prompt_change", "Tells that the list of prompts changed.").run(
            |_: NoArguments, context: car_mcp::server::Context| async move {
                context.server().prompts_changed();
                Ok("The list of prompts has changed.")
            },
        ))
        .tool(tool("test_trigger_resource_update", "Tells that `test://watched-resource` was updated.").run(
            |_: NoArguments, context: car_mcp::server::Context| async move {
                context.server().resource_updated(super::resources::WATCHED);
                Ok("The resource has been updated.")
            },
        ))
}
