//! Every method of every revision, with the types of its parameters and its result.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json::Members;

open_object! {
    /// Parameters that carry nothing but metadata.
    pub struct EmptyParams {
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A result that says nothing but "done".
    pub struct EmptyResult {
        /// The kind of result; absent means complete.
        opt result_type: crate::result::ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of every list.
    pub struct PaginatedParams {
        /// Where the page begins; absent for the first one. Opaque: the empty string is a cursor like any other.
        opt cursor: String = "cursor",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

/// Ties a method's name to its types.
pub trait Method {
    /// The name on the wire.
    const NAME: &'static str;
    /// The parameters.
    type Params: Serialize + DeserializeOwned;
    /// The complete result; `()` for notifications.
    type Result: Serialize + DeserializeOwned;
}

macro_rules! methods {
    ($( $(#[$attribute:meta])* $name:ident = $wire:literal ($params:ty) -> $result:ty; )*) => {
        $(
            $(#[$attribute])*
            #[derive(Clone, Copy, Debug)]
            #[non_exhaustive]
            pub struct $name;

            impl Method for $name {
                const NAME: &'static str = $wire;
                type Params = $params;
                type Result = $result;
            }
        )*

        /// The name of every method, in the order of this file.
        pub const NAMES: &[&str] = &[$($wire),*];
    };
}

methods! {
    /// Asks a modern server what it speaks and offers.
    Discover = "server/discover" (EmptyParams) -> crate::discover::DiscoverResult;
    /// Begins a legacy session.
    Initialize = "initialize" (crate::legacy::InitializeParams) -> crate::legacy::InitializeResult;
    /// Tells a legacy server that the client is ready.
    Initialized = "notifications/initialized" (EmptyParams) -> ();
    /// Asks whether the peer is there (legacy).
    Ping = "ping" (EmptyParams) -> EmptyResult;
    /// Lists tools.
    ListTools = "tools/list" (PaginatedParams) -> crate::tool::ListToolsResult;
    /// Calls a tool.
    CallTool = "tools/call" (crate::tool::CallToolParams) -> crate::tool::CallToolResult;
    /// Lists resources.
    ListResources = "resources/list" (PaginatedParams) -> crate::resource::ListResourcesResult;
    /// Lists resource templates.
    ListResourceTemplates = "resources/templates/list" (PaginatedParams) -> crate::resource::ListResourceTemplatesResult;
    /// Reads a resource.
    ReadResource = "resources/read" (crate::resource::ReadResourceParams) -> crate::resource::ReadResourceResult;
    /// Asks to hear of a resource's changes (legacy).
    Subscribe = "resources/subscribe" (crate::legacy::ResourceSubscriptionParams) -> EmptyResult;
    /// Asks to hear no more of them (legacy).
    Unsubscribe = "resources/unsubscribe" (crate::legacy::ResourceSubscriptionParams) -> EmptyResult;
    /// Lists prompts.
    ListPrompts = "prompts/list" (PaginatedParams) -> crate::prompt::ListPromptsResult;
    /// Asks for a prompt.
    GetPrompt = "prompts/get" (crate::prompt::GetPromptParams) -> crate::prompt::GetPromptResult;
    /// Completes an argument.
    Complete = "completion/complete" (crate::completion::CompleteParams) -> crate::completion::CompleteResult;
    /// Sets the least serious level of log messages (legacy).
    SetLevel = "logging/setLevel" (crate::legacy::SetLevelParams) -> EmptyResult;
    /// Opens a stream of changes (modern).
    Listen = "subscriptions/listen" (crate::subscription::ListenParams) -> crate::subscription::ListenResult;
    /// Asks the client's user.
    Elicit = "elicitation/create" (crate::elicitation::ElicitParams) -> crate::elicitation::ElicitResult;
    /// Asks the client's model.
    CreateMessage = "sampling/createMessage" (crate::sampling::CreateMessageParams) -> crate::sampling::CreateMessageResult;
    /// Asks for the client's roots.
    ListRoots = "roots/list" (EmptyParams) -> crate::roots::ListRootsResult;
    /// Tells that a request is no longer wanted.
    Cancelled = "notifications/cancelled" (crate::progress::CancelledParams) -> ();
    /// Tells how far a request has come.
    Progress = "notifications/progress" (crate::progress::ProgressParams) -> ();
    /// Carries a log message.
    LoggingMessage = "notifications/message" (crate::logging::LoggingMessageParams) -> ();
    /// Tells that a resource changed.
    ResourceUpdated = "notifications/resources/updated" (crate::resource::ResourceUpdatedParams) -> ();
    /// Tells that the list of resources changed.
    ResourceListChanged = "notifications/resources/list_changed" (EmptyParams) -> ();
    /// Tells that the list of tools changed.
    ToolListChanged = "notifications/tools/list_changed" (EmptyParams) -> ();
    /// Tells that the list of prompts changed.
    PromptListChanged = "notifications/prompts/list_changed" (EmptyParams) -> ();
    /// Tells that the list of roots changed (legacy).
    RootsListChanged = "notifications/roots/list_changed" (EmptyParams) -> ();
    /// Tells which changes a server agreed to tell (modern).
    SubscriptionsAcknowledged = "notifications/subscriptions/acknowledged" (crate::subscription::AcknowledgedParams) -> ();
    /// Tells that a person has finished a URL elicitation (2025-11-25).
    ElicitationComplete = "notifications/elicitation/complete" (crate::legacy::ElicitationCompleteParams) -> ();
}
