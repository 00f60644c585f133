//! Completion of one argument of a prompt, or one variable of a template.

use std::future::Future;

use car_mcp_proto::completion::Completion;

use super::context::Context;
use super::failure::Failure;

/// Completion of one argument.
#[derive(Debug)]
pub struct ServerCompletion {}

impl ServerCompletion {
    /// Completes an argument of a prompt. The function takes what has been typed and what was settled before.
    pub fn of_prompt<F, Fut>(prompt: impl Into<String>, argument: impl Into<String>, function: F) -> Self
    where
        F: Fn(String, super::PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Completion, Failure>> + Send + 'static,
    {
        let _ = (prompt.into(), argument.into(), function);
        todo!("core-a")
    }

    /// Completes a variable of a resource template.
    pub fn of_template<F, Fut>(
        uri_template: impl Into<String>,
        variable: impl Into<String>,
        function: F,
    ) -> Self
    where
        F: Fn(String, super::PromptArguments, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Completion, Failure>> + Send + 'static,
    {
        let _ = (uri_template.into(), variable.into(), function);
        todo!("core-a")
    }
}
