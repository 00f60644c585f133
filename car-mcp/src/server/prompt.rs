//! Prompts: a definition and the function behind it.

use std::fmt;
use std::future::Future;

use car_mcp_proto::json::Members;
use car_mcp_proto::prompt::{GetPromptResult, Prompt, PromptArgument};
use car_mcp_proto::{Era, ErrorObject, RawJson};

use super::context::Context;
use super::failure::Failure;
use super::forwarded::Given;
use super::inbound::{JsonSlice, invalid};
use super::offer::Offered;
use super::registry::{Entry, List};
use crate::transport::BoxFuture;

/// The arguments that a client gives for a prompt: strings by name.
#[derive(Clone, Debug, Default)]
pub struct PromptArguments(pub(crate) Members);

impl PromptArguments {
    /// Returns all of them, as they were sent.
    pub const fn members(&self) -> &Members {
        &self.0
    }

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

/// A prompt's function.
pub(crate) type PromptFunction = dyn Fn(PromptArguments, Context) -> BoxFuture<'static, Result<Given<GetPromptResult>, Failure>>
    + Send
    + Sync;

/// A prompt with its function.
pub struct ServerPrompt {
    definition: Prompt,
    function: Box<PromptFunction>,
}

/// A prompt as it is served.
pub(crate) struct PromptEntry {
    pub(crate) definition: Prompt,
    pub(crate) function: Box<PromptFunction>,
    text: Box<str>,
}

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
        let function = move |given, context| -> BoxFuture<'static, _> {
            let work = function(given, context);
            Box::pin(async move { work.await.map(Given::Own) })
        };
        ServerPrompt { definition: self.definition, function: Box::new(function) }
    }
}

impl ServerPrompt {
    /// Returns a prompt that somebody else fills in: definition and results are passed on as they came. The function
    /// is given the arguments as they were sent, and returns the whole result, an object.
    pub fn forwarded<F, Fut>(definition: Prompt, function: F) -> Self
    where
        F: Fn(PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<RawJson, Failure>> + Send + 'static,
    {
        let function = move |given, context| -> BoxFuture<'static, _> {
            let work = function(given, context);
            Box::pin(async move { work.await.map(Given::Forwarded) })
        };
        Self { definition, function: Box::new(function) }
    }
}

impl fmt::Debug for ServerPrompt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerPrompt").field("definition", &self.definition).finish_non_exhaustive()
    }
}

impl PromptEntry {
    pub(crate) fn prepare(prompt: ServerPrompt) -> Self {
        let ServerPrompt { definition, function } = prompt;
        let text = serde_json::to_string(&definition).expect("a definition is JSON").into();
        Self { definition, function, text }
    }

    /// Returns whether it has an argument of this name.
    pub(crate) fn has_argument(&self, name: &str) -> bool {
        self.definition.arguments.iter().flatten().any(|argument| argument.name == name)
    }

    /// Reads what a client gives for it.
    ///
    /// # Errors
    /// Says which argument is missing, or no text (-32602).
    pub(crate) fn read(&self, given: Option<&JsonSlice>) -> Result<PromptArguments, ErrorObject> {
        let members: Members = match given {
            Some(given) => {
                given.parse().map_err(|error| invalid(format!("`arguments` do not fit: {error}")))?
            }
            None => Members::new(),
        };
        if let Some((name, _)) = members.iter().find(|(_, value)| value.parse::<String>().is_err()) {
            return Err(invalid(format!("expected a string as the argument {name:?}, found something else")));
        }
        let required =
            self.definition.arguments.iter().flatten().filter(|argument| argument.required == Some(true));
        match required.map(|argument| &argument.name).find(|name| members.member(name).is_none()) {
            Some(name) => Err(invalid(format!("expected the argument {name:?}, found none"))),
            None => Ok(PromptArguments(members)),
        }
    }
}

impl Entry for PromptEntry {
    const LIST: List = List::Prompts;

    fn key(&self) -> &str {
        &self.definition.name
    }

    fn offered(&self) -> Offered<'_> {
        Offered::Prompt(self.key())
    }

    fn text(&self, _: Era) -> &str {
        &self.text
    }
}

impl fmt::Debug for PromptEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PromptEntry").field("definition", &self.definition).finish_non_exhaustive()
    }
}
