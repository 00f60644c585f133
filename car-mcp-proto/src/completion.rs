//! Completion: what a person may want to type next.

use serde_json::Number;

use crate::json::Members;
use crate::result::ResultType;

open_object! {
    /// Names a prompt whose argument is being typed.
    pub struct PromptReference tag "type" = "ref/prompt" {
        /// The prompt's name in code.
        req name: String = "name",
        /// The prompt's name for people.
        opt title: String = "title",
    }
}

open_object! {
    /// Names a resource template whose variable is being typed.
    pub struct ResourceTemplateReference tag "type" = "ref/resource" {
        /// The URI or URI template.
        req uri: String = "uri",
    }
}

tagged_union! {
    /// Names what is being completed.
    pub enum CompletionReference by "type" {
        /// A prompt.
        Prompt(PromptReference) = "ref/prompt",
        /// A resource template.
        ResourceTemplate(ResourceTemplateReference) = "ref/resource",
    }
}

open_object! {
    /// The argument that is being typed.
    pub struct CompletionArgument {
        /// Its name.
        req name: String = "name",
        /// What has been typed.
        req value: String = "value",
    }
}

open_object! {
    /// What has been settled already.
    pub struct CompletionContext {
        /// Earlier arguments: strings by name.
        opt arguments: Members = "arguments",
    }
}

open_object! {
    /// Parameters of `completion/complete`.
    pub struct CompleteParams {
        /// What is being completed.
        req reference: CompletionReference = "ref",
        /// The argument that is being typed.
        req argument: CompletionArgument = "argument",
        /// What has been settled already.
        opt context: CompletionContext = "context",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Values to offer.
    pub struct Completion {
        /// The values, at most 100.
        lst values: Vec<String> = "values",
        /// How many there are in all.
        opt total: Number = "total",
        /// Whether there are more.
        opt has_more: bool = "hasMore",
    }
}

open_object! {
    /// Result of `completion/complete`.
    pub struct CompleteResult {
        /// Values to offer.
        req completion: Completion = "completion",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}
