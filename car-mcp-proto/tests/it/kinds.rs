//! Which of our types reads which definition of the specification, and how it is written again.

use car_mcp_proto::result::Outcome;
use car_mcp_proto::rpc::{Incoming, Outgoing};
use car_mcp_proto::{
    RawJson, capability, completion, content, discover, elicitation, json, legacy, logging, method, mrtr,
    progress, prompt, resource, roots, rpc, sampling, subscription, tool,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Ties a definition to a type.
pub(crate) struct Kind {
    /// The definition's name.
    pub(crate) definition: &'static str,
    /// Reads a text as the type and writes it again.
    pub(crate) round_trip: fn(&str) -> Result<String, serde_json::Error>,
    /// What the type, or the type of the parameters, is called.
    pub(crate) named: &'static str,
    /// Which members that type names; none where it is no object of its own.
    pub(crate) members: &'static [&'static str],
    /// Whether those are members of the message's `params`.
    pub(crate) in_params: bool,
}

/// Returns how a definition is read, if it is one that we model.
pub(crate) fn kind(definition: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.definition == definition)
}

fn value<T: Serialize + DeserializeOwned>(text: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&serde_json::from_str::<T>(text)?)
}

/// Reads a request: a message, or (2026-07-28) an object inside a result, which has no `jsonrpc`.
fn request<M: method::Method>(text: &str) -> Result<String, serde_json::Error> {
    if !text.contains("\"jsonrpc\"") {
        return value::<mrtr::InputRequest>(text);
    }
    let Incoming::Request { id, method, params } = serde_json::from_str::<Incoming<'_, RawJson>>(text)?
    else {
        panic!("expected a request, found {text}")
    };
    assert_eq!(method, M::NAME);
    let params: M::Params = serde_json::from_str(params.map_or("{}", |params| params.get()))?;
    serde_json::to_string(&Outgoing::Request { id: &id, method: M::NAME, params })
}

fn notification<M: method::Method>(text: &str) -> Result<String, serde_json::Error> {
    let Incoming::Notification { method, params } = serde_json::from_str::<Incoming<'_, RawJson>>(text)?
    else {
        panic!("expected a notification, found {text}")
    };
    assert_eq!(method, M::NAME);
    let params: Option<M::Params> = params.map(|params| serde_json::from_str(params.get())).transpose()?;
    serde_json::to_string(&Outgoing::Notification { method: M::NAME, params })
}

fn response<T>(text: &str) -> Result<String, serde_json::Error>
where
    T: Serialize,
    Outcome<T>: DeserializeOwned,
{
    match serde_json::from_str::<Incoming<'_, Outcome<T>>>(text)? {
        Incoming::Response { id, result: Outcome::Complete(result) } => {
            serde_json::to_string(&Outgoing::Response { id: &id, result })
        }
        Incoming::Response { id, result: Outcome::InputRequired(result) } => {
            serde_json::to_string(&Outgoing::Response { id: &id, result })
        }
        _ => panic!("expected a response, found {text}"),
    }
}

fn error(text: &str) -> Result<String, serde_json::Error> {
    let Incoming::Error { id, error } = serde_json::from_str::<Incoming<'_, RawJson>>(text)? else {
        panic!("expected an error, found {text}")
    };
    let message: Outgoing<'_, ()> = Outgoing::Error { id: id.as_ref(), error: &error };
    serde_json::to_string(&message)
}

macro_rules! kinds {
    ($( $shape:ident $definition:ident $(= $first:path $(, $second:path)?)?; )*) => {
        /// Every definition that we model.
        pub(crate) const KINDS: &[Kind] = &[$( kinds!(@ $shape $definition $($first $(, $second)?)?) ),*];
    };
    (@ request $definition:ident $method:path, $params:path) => {
        kinds!(@kind $definition, request::<$method>, $params, <$params>::MEMBERS, true)
    };
    (@ notification $definition:ident $method:path, $params:path) => {
        kinds!(@kind $definition, notification::<$method>, $params, <$params>::MEMBERS, true)
    };
    (@ object $definition:ident $type:path) => {
        kinds!(@kind $definition, value::<$type>, $type, <$type>::MEMBERS, false)
    };
    (@ value $definition:ident $type:path) => { kinds!(@kind $definition, value::<$type>, $type, &[], false) };
    (@ response $definition:ident $type:path) => { kinds!(@kind $definition, response::<$type>, $type, &[], false) };
    (@ error $definition:ident) => { kinds!(@kind $definition, error, rpc::ErrorObject, &[], false) };
    (@kind $definition:ident, $round_trip:expr, $named:path, $members:expr, $in_params:literal) => {
        Kind {
            definition: stringify!($definition),
            round_trip: $round_trip,
            named: stringify!($named),
            members: $members,
            in_params: $in_params,
        }
    };
}

kinds! {
    request InitializeRequest = method::Initialize, legacy::InitializeParams;
    request PingRequest = method::Ping, method::EmptyParams;
    request DiscoverRequest = method::Discover, method::EmptyParams;
    request ListToolsRequest = method::ListTools, method::PaginatedParams;
    request CallToolRequest = method::CallTool, tool::CallToolParams;
    request ListResourcesRequest = method::ListResources, method::PaginatedParams;
    request ListResourceTemplatesRequest = method::ListResourceTemplates, method::PaginatedParams;
    request ReadResourceRequest = method::ReadResource, resource::ReadResourceParams;
    request SubscribeRequest = method::Subscribe, legacy::ResourceSubscriptionParams;
    request UnsubscribeRequest = method::Unsubscribe, legacy::ResourceSubscriptionParams;
    request ListPromptsRequest = method::ListPrompts, method::PaginatedParams;
    request GetPromptRequest = method::GetPrompt, prompt::GetPromptParams;
    request CompleteRequest = method::Complete, completion::CompleteParams;
    request SetLevelRequest = method::SetLevel, legacy::SetLevelParams;
    request SubscriptionsListenRequest = method::Listen, subscription::ListenParams;
    request ElicitRequest = method::Elicit, elicitation::ElicitParams;
    request CreateMessageRequest = method::CreateMessage, sampling::CreateMessageParams;
    request ListRootsRequest = method::ListRoots, method::EmptyParams;
    notification InitializedNotification = method::Initialized, method::EmptyParams;
    notification CancelledNotification = method::Cancelled, progress::CancelledParams;
    notification ProgressNotification = method::Progress, progress::ProgressParams;
    notification LoggingMessageNotification = method::LoggingMessage, logging::LoggingMessageParams;
    notification ResourceUpdatedNotification = method::ResourceUpdated, resource::ResourceUpdatedParams;
    notification ResourceListChangedNotification = method::ResourceListChanged, method::EmptyParams;
    notification ToolListChangedNotification = method::ToolListChanged, method::EmptyParams;
    notification PromptListChangedNotification = method::PromptListChanged, method::EmptyParams;
    notification RootsListChangedNotification = method::RootsListChanged, method::EmptyParams;
    notification SubscriptionsAcknowledgedNotification = method::SubscriptionsAcknowledged, subscription::AcknowledgedParams;
    notification ElicitationCompleteNotification = method::ElicitationComplete, legacy::ElicitationCompleteParams;
    object CallToolRequestParams = tool::CallToolParams;
    object CompleteRequestParams = completion::CompleteParams;
    object CreateMessageRequestParams = sampling::CreateMessageParams;
    object ElicitRequestFormParams = elicitation::ElicitParams;
    object ElicitRequestURLParams = elicitation::ElicitParams;
    object GetPromptRequestParams = prompt::GetPromptParams;
    object InitializeRequestParams = legacy::InitializeParams;
    object PaginatedRequestParams = method::PaginatedParams;
    object ReadResourceRequestParams = resource::ReadResourceParams;
    object SetLevelRequestParams = legacy::SetLevelParams;
    object SubscribeRequestParams = legacy::ResourceSubscriptionParams;
    object UnsubscribeRequestParams = legacy::ResourceSubscriptionParams;
    object SubscriptionsListenRequestParams = subscription::ListenParams;
    object CancelledNotificationParams = progress::CancelledParams;
    object ProgressNotificationParams = progress::ProgressParams;
    object LoggingMessageNotificationParams = logging::LoggingMessageParams;
    object ResourceUpdatedNotificationParams = resource::ResourceUpdatedParams;
    object SubscriptionsAcknowledgedNotificationParams = subscription::AcknowledgedParams;
    object Annotations = content::Annotations;
    object Icon = content::Icon;
    object TextContent = content::TextContent;
    object ImageContent = content::ImageContent;
    object AudioContent = content::AudioContent;
    object ResourceLink = content::ResourceLink;
    object EmbeddedResource = content::EmbeddedResource;
    object ToolUseContent = content::ToolUseContent;
    object ToolResultContent = content::ToolResultContent;
    object ResourceContents = resource::ResourceContents;
    object TextResourceContents = resource::ResourceContents;
    object BlobResourceContents = resource::ResourceContents;
    object Resource = resource::Resource;
    object ResourceTemplate = resource::ResourceTemplate;
    object Tool = tool::Tool;
    object ToolAnnotations = tool::ToolAnnotations;
    object Prompt = prompt::Prompt;
    object PromptArgument = prompt::PromptArgument;
    object PromptMessage = prompt::PromptMessage;
    object PromptReference = completion::PromptReference;
    object ResourceReference = completion::ResourceTemplateReference;
    object ResourceTemplateReference = completion::ResourceTemplateReference;
    object Implementation = capability::Implementation;
    object ClientCapabilities = capability::ClientCapabilities;
    object ServerCapabilities = capability::ServerCapabilities;
    object SubscriptionFilter = subscription::SubscriptionFilter;
    object Root = roots::Root;
    object ModelPreferences = sampling::ModelPreferences;
    object ModelHint = sampling::ModelHint;
    object SamplingMessage = sampling::SamplingMessage;
    object ToolChoice = sampling::ToolChoice;
    object InputRequiredResult = mrtr::InputRequired;
    object InitializeResult = legacy::InitializeResult;
    object DiscoverResult = discover::DiscoverResult;
    object ListToolsResult = tool::ListToolsResult;
    object CallToolResult = tool::CallToolResult;
    object ListResourcesResult = resource::ListResourcesResult;
    object ListResourceTemplatesResult = resource::ListResourceTemplatesResult;
    object ReadResourceResult = resource::ReadResourceResult;
    object ListPromptsResult = prompt::ListPromptsResult;
    object GetPromptResult = prompt::GetPromptResult;
    object CompleteResult = completion::CompleteResult;
    object SubscriptionsListenResult = subscription::ListenResult;
    object ListRootsResult = roots::ListRootsResult;
    object CreateMessageResult = sampling::CreateMessageResult;
    object ElicitResult = elicitation::ElicitResult;
    object Result = method::EmptyResult;
    object EmptyResult = method::EmptyResult;
    object Error = rpc::ErrorObject;
    object ParseError = rpc::ErrorObject;
    object InvalidRequestError = rpc::ErrorObject;
    object MethodNotFoundError = rpc::ErrorObject;
    object InvalidParamsError = rpc::ErrorObject;
    object InternalError = rpc::ErrorObject;
    object StringSchema = elicitation::FieldSchema;
    object NumberSchema = elicitation::FieldSchema;
    object BooleanSchema = elicitation::FieldSchema;
    object LegacyTitledEnumSchema = elicitation::FieldSchema;
    object UntitledSingleSelectEnumSchema = elicitation::FieldSchema;
    object TitledSingleSelectEnumSchema = elicitation::FieldSchema;
    object UntitledMultiSelectEnumSchema = elicitation::FieldSchema;
    object TitledMultiSelectEnumSchema = elicitation::FieldSchema;
    object EnumSchema = elicitation::FieldSchema;
    object SingleSelectEnumSchema = elicitation::FieldSchema;
    object MultiSelectEnumSchema = elicitation::FieldSchema;
    object PrimitiveSchemaDefinition = elicitation::FieldSchema;
    object ElicitRequestParams = elicitation::ElicitParams;
    value ContentBlock = content::ContentBlock;
    value SamplingMessageContentBlock = content::ContentBlock;
    value Role = content::Role;
    value LoggingLevel = logging::LoggingLevel;
    value ProgressToken = progress::ProgressToken;
    value RequestId = rpc::RequestId;
    value InputRequest = mrtr::InputRequest;
    value InputRequests = mrtr::InputRequests;
    value InputResponse = json::Members;
    value InputResponses = json::Members;
    response CallToolResultResponse = tool::CallToolResult;
    response CompleteResultResponse = completion::CompleteResult;
    response DiscoverResultResponse = discover::DiscoverResult;
    response GetPromptResultResponse = prompt::GetPromptResult;
    response ListPromptsResultResponse = prompt::ListPromptsResult;
    response ListResourceTemplatesResultResponse = resource::ListResourceTemplatesResult;
    response ListResourcesResultResponse = resource::ListResourcesResult;
    response ListToolsResultResponse = tool::ListToolsResult;
    response ReadResourceResultResponse = resource::ReadResourceResult;
    response SubscriptionsListenResultResponse = subscription::ListenResult;
    error JSONRPCError;
    error JSONRPCErrorResponse;
    error HeaderMismatchError;
    error MissingRequiredClientCapabilityError;
    error UnsupportedProtocolVersionError;
    error URLElicitationRequiredError;
}
