//! Prompts: a definition and the function behind it.

use std::future::Future;

use car_mcp_proto::json::Members;
use car_mcp_proto::prompt::{GetPromptResult, Prompt, PromptArgument};

use super::context::Context;
use super::failure::Failure;

/// The arguments that a client gives for a prompt: strings by name.
#[derive(Clone, Debug, Default)]
pub struct PromptArguments(pub(crate) Members);

impl PromptArguments {
    /// Returns an argument; nothing where it was not given.
    pub fn argument(&self, name: &str) -> Option<String> {
        self.0.member(name)?.parse().ok()
    }
}

/// A prompt's definition, before its function.
#[derive(Clone, Debug)]
pub struct PromptBuilder {
    definition: Prompt,
}

/// A prompt with its function.
#[derive(Debug)]
pub struct ServerPrompt {}

/// Begins to define a prompt: its name, and what it is for.
pub fn prompt(name: impl Into<String>, description: impl Into<String>) -> PromptBuilder {
    let mut definition = Prompt::new(name);
    definition.description = Some(description.into());
    PromptBuilder { definition }
}

impl PromptBuilder {
    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// Adds an argument. One that must be given is asked for before the function runs (-32602).
    #[must_use]
    pub fn argument(
        mut self,
        name: impl Into<String>,
        description: impl Into<String>,
        required: bool,
    ) -> Self {
        let mut argument = PromptArgument::new(name);
        argument.description = Some(description.into());
        argument.required = Some(required);
        self.definition.arguments.get_or_insert_default().push(argument);
        self
    }

    /// Gives it its function.
    pub fn run<F, Fut>(self, function: F) -> ServerPrompt
    where
        F: Fn(PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<GetPromptResult, Failure>> + Send + 'static,
    {
        let _ = (self, function);
        todo!("core-a")
    }
}
