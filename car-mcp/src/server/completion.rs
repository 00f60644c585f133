//! Completion of one argument of a prompt, or one variable of a template.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use car_mcp_proto::completion::Completion;

use super::context::Context;
use super::failure::Failure;
use super::prompt::PromptArguments;
use crate::transport::BoxFuture;

/// What a completion belongs to: the kind of thing, its name or template, the argument or variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CompletionKey {
    pub(crate) of: Completed,
    pub(crate) name: Box<str>,
    pub(crate) argument: Box<str>,
}

/// The kind of thing that is completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Completed {
    Prompt,
    Template,
}

pub(crate) type CompletionFunction =
    dyn Fn(String, PromptArguments, Context) -> BoxFuture<'static, Result<Completion, Failure>> + Send + Sync;

/// Completion of one argument.
pub struct ServerCompletion {
    pub(crate) key: CompletionKey,
    pub(crate) function: Arc<CompletionFunction>,
}

impl ServerCompletion {
    /// Completes an argument of a prompt. The function takes what has been typed and what was settled before.
    pub fn of_prompt<F, Fut>(prompt: impl Into<String>, argument: impl Into<String>, function: F) -> Self
    where
        F: Fn(String, PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Completion, Failure>> + Send + 'static,
    {
        Self::of(Completed::Prompt, prompt.into(), argument.into(), function)
    }

    /// Completes a variable of a resource template.
    pub fn of_template<F, Fut>(
        uri_template: impl Into<String>,
        variable: impl Into<String>,
        function: F,
    ) -> Self
    where
        F: Fn(String, PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Completion, Failure>> + Send + 'static,
    {
        Self::of(Completed::Template, uri_template.into(), variable.into(), function)
    }
    fn of<F, Fut>(of: Completed, name: String, argument: String, function: F) -> Self
    where
        F: Fn(String, PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Completion, Failure>> + Send + 'static,
    {
        let function = move |typed, settled, context| -> BoxFuture<'static, _> {
            Box::pin(function(typed, settled, context))
        };
        let key = CompletionKey { of, name: name.into(), argument: argument.into() };
        Self { key, function: Arc::new(function) }
    }
}

impl fmt::Debug for ServerCompletion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ServerCompletion").field("key", &self.key).finish_non_exhaustive()
    }
}
