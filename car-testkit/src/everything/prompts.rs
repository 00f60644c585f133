//! Prompts, and what completes their arguments.

use car_mcp::proto::completion::Completion;
use car_mcp::proto::content::{ContentBlock, Role};
use car_mcp::proto::prompt::{GetPromptResult, PromptMessage};
use car_mcp::server::completion::ServerCompletion;
use car_mcp::server::{Context, Failure, PromptArguments, ServerBuilder, prompt};

use super::content::{embedded, image};
use super::questions::{ask_for, filled_in};

/// What arguments are completed with.
const NAMES: [&str; 4] = ["Ada", "Alan", "Grace", "world"];

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    let who = |text: String, _: PromptArguments, _: Context| async move { Ok(names(&text)) };
    builder
        .prompt(
            prompt("test_simple_prompt", "A prompt without arguments.")
                .run(|_, _| async { Ok(said([ContentBlock::text("This is a simple prompt for testing.")])) }),
        )
        .prompt(
            prompt("test_prompt_with_arguments", "A prompt with two arguments.")
                .argument("arg1", "First test argument", true)
                .argument("arg2", "Second test argument", true)
                .run(|arguments, _| async move {
                    let (first, second) = (given(&arguments, "arg1")?, given(&arguments, "arg2")?);
                    let text = format!("Prompt with arguments: arg1='{first}', arg2='{second}'");
                    Ok(said([ContentBlock::text(text)]))
                }),
        )
        .prompt(
            prompt("test_prompt_with_embedded_resource", "A prompt that holds a resource.")
                .argument("resourceUri", "URI of the resource to embed", true)
                .run(|arguments, _| async move {
                    let uri = given(&arguments, "resourceUri")?;
                    let resource = embedded(&uri, "text/plain", "Embedded resource content for testing.");
                    let text = ContentBlock::text("Please process the embedded resource above.");
                    Ok(said([resource, text]))
                }),
        )
        .prompt(
            prompt("test_prompt_with_image", "A prompt that holds an image.").run(|_, _| async {
                Ok(said([image(), ContentBlock::text("Please analyze the image above.")]))
            }),
        )
        .prompt(
            prompt("test_input_required_result_prompt", "A prompt that asks the user first.")
                .run(|_, context| asking(context)),
        )
        .prompt(prompt("greeting", "A greeting.").argument("who", "Whom to greet", true).run(
            |arguments, _| async move {
                let text = format!("Please greet {}.", given(&arguments, "who")?);
                Ok(said([ContentBlock::text(text)]))
            },
        ))
        .completion(ServerCompletion::of_prompt("greeting", "who", who))
        .completion(ServerCompletion::of_prompt("test_prompt_with_arguments", "arg1", who))
}

async fn asking(context: Context) -> Result<GetPromptResult, Failure> {
    let question = ask_for("context", "string", "What context should the prompt use?");
    let answer = context.elicit("user_context", question).await?;
    let chosen = filled_in(&answer, "context").unwrap_or_else(|| "none".to_owned());
    Ok(said([ContentBlock::text(format!("The context is: {chosen}"))]))
}

fn given(arguments: &PromptArguments, name: &str) -> Result<String, Failure> {
    arguments.argument(name).ok_or_else(|| Failure::invalid_params(format!("expected the argument {name}")))
}

fn said<const N: usize>(blocks: [ContentBlock; N]) -> GetPromptResult {
    let messages = blocks.into_iter().map(|block| PromptMessage::new(Role::USER, block));
    GetPromptResult::new(messages.collect::<Vec<_>>())
}

fn names(start: &str) -> Completion {
    let values: Vec<_> =
        NAMES.into_iter().filter(|name| name.starts_with(start)).map(str::to_owned).collect();
    let mut completion = Completion::new(values);
    completion.total = Some(completion.values.len().into());
    completion.has_more = Some(false);
    completion
}
