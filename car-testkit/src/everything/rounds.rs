//! Tools that ask in the modern era's rounds, each in one way that the suite looks at (SEP-2322).

use car_mcp::server::{Context, Failure, NoArguments, Questions, ServerBuilder, tool};

use super::questions::{ask_for, filled_in, message, said};

pub(super) fn add(builder: ServerBuilder) -> ServerBuilder {
    builder
        .tool(
            tool("test_input_required_result_elicitation", "Asks the user for a name.")
                .run(|_: NoArguments, context| elicitation(context)),
        )
        .tool(
            tool("test_input_required_result_sampling", "Asks the client's model for a capital.")
                .run(|_: NoArguments, context| sampling(context)),
        )
        .tool(
            tool("test_input_required_result_list_roots", "Asks for the client's roots.")
                .run(|_: NoArguments, context| list_roots(context)),
        )
        .tool(
            tool("test_input_required_result_request_state", "Asks, and looks whether its state came back.")
                .run(|_: NoArguments, context| request_state(context)),
        )
        .tool(
            tool("test_input_required_result_tampered_state", "Asks, with a state that must not be changed.")
                .run(|_: NoArguments, context| request_state(context)),
        )
        .tool(
            tool("test_input_required_result_multiple_inputs", "Asks for three things at once.")
                .run(|_: NoArguments, context| multiple_inputs(context)),
        )
        .tool(
            tool("test_input_required_result_multi_round", "Asks twice, one after the other.")
                .run(|_: NoArguments, context| multi_round(context)),
        )
        .tool(
            tool("test_input_required_result_capabilities", "Asks only for what the client can do.")
                .run(|_: NoArguments, context| capabilities(context)),
        )
}

async fn elicitation(context: Context) -> Result<String, Failure> {
    let answer = context.elicit("user_name", ask_for("name", "string", "What is your name?")).await?;
    Ok(format!("Hello, {}!", filled_in(&answer, "name").unwrap_or_else(|| "stranger".to_owned())))
}

async fn sampling(context: Context) -> Result<String, Failure> {
    let question = message("What is the capital of France?", super::questions::MAX_TOKENS);
    let answer = context.sample("capital_question", question).await?;
    Ok(format!("The model said: {}", said(&answer)))
}

async fn list_roots(context: Context) -> Result<String, Failure> {
    let answer = context.roots("client_roots").await?;
    let uris: Vec<_> = answer.roots.iter().map(|root| root.uri.as_str()).collect();
    Ok(format!("{} roots: {}", uris.len(), uris.join(", ")))
}

async fn request_state(context: Context) -> Result<&'static str, Failure> {
    let kept: Option<String> = context.state()?;
    context.keep("asked once")?;
    context.elicit("confirm", ask_for("ok", "boolean", "Please confirm")).await?;
    Ok(match kept.as_deref() {
        Some("asked once") => "state-ok",
        // A legacy client answered in the middle of the call: there was no state to send back.
        _ => "answered without a state",
    })
}

async fn multiple_inputs(context: Context) -> Result<String, Failure> {
    context.keep("three questions")?;
    let questions = Questions::new()
        .elicit("user_name", ask_for("name", "string", "What is your name?"))
        .sample("greeting", message("Generate a greeting", 50))
        .roots("client_roots");
    let answers = context.ask(questions).await?;
    let name = filled_in(&answers.elicited("user_name")?, "name");
    let greeting = answers.sampled("greeting")?;
    let roots = answers.roots("client_roots")?.roots.len();
    Ok(format!("{} {} ({roots} roots)", said(&greeting), name.unwrap_or_else(|| "stranger".to_owned())))
}

async fn multi_round(context: Context) -> Result<String, Failure> {
    context.keep("step 1")?;
    let name = context.elicit("step1", ask_for("name", "string", "Step 1: What is your name?")).await?;
    context.keep("step 2")?;
    let color =
        context.elicit("step2", ask_for("color", "string", "Step 2: What is your favorite color?")).await?;
    let (name, color) = (filled_in(&name, "name"), filled_in(&color, "color"));
    Ok(format!("{} likes {}.", name.unwrap_or_default(), color.unwrap_or_default()))
}

async fn capabilities(context: Context) -> Result<String, Failure> {
    let mut questions = Questions::new();
    if context.can_elicit() {
        questions = questions.elicit("user_name", ask_for("name", "string", "What is your name?"));
    }
    if context.can_sample() {
        questions = questions.sample("greeting", message("Generate a greeting", 50));
    }
    if context.can_list_roots() {
        questions = questions.roots("client_roots");
    }
    context.ask(questions).await?;
    Ok("Asked for what the client can do.".to_owned())
}
