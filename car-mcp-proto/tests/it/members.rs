//! Every member that a schema names is a member of our type, or is listed here as one that we keep in `unknown`.

use std::collections::{BTreeMap, BTreeSet};

use car_mcp_proto::version::ProtocolVersion;
use serde_json::Value;

use crate::kinds::{KINDS, kind};
use crate::schema::Schema;

/// What we keep but do not name: the tasks of 2025-11-25, which the next revision took out of the core.
const KEPT_IN_UNKNOWN: &[(&str, &str)] = &[
    ("CallToolRequestParams", "task"),
    ("CreateMessageRequestParams", "task"),
    ("ElicitRequestFormParams", "task"),
    ("ElicitRequestURLParams", "task"),
    ("CallToolRequest", "task"),
    ("CreateMessageRequest", "task"),
    ("ClientCapabilities", "tasks"),
    ("ServerCapabilities", "tasks"),
    ("Tool", "execution"),
];

/// Definitions without a type of their own, sorted by why.
const NOT_MODELLED: &[&str] = &[
    // Any message, request, notification or result: told apart by `Incoming`, or by method.
    "ClientNotification",
    "ClientRequest",
    "ClientResult",
    "JSONRPCMessage",
    "JSONRPCNotification",
    "JSONRPCRequest",
    "JSONRPCResponse",
    "JSONRPCResultResponse",
    "JSONRPCBatchRequest",
    "JSONRPCBatchResponse",
    "Notification",
    "Request",
    "ServerNotification",
    "ServerRequest",
    "ServerResult",
    // What others are extended from; their members are members of those.
    "Annotated",
    "BaseMetadata",
    "CacheableResult",
    "Icons",
    "InputResponseRequestParams",
    "NotificationParams",
    "PaginatedRequest",
    "PaginatedResult",
    "RequestParams",
    "ResourceRequestParams",
    "TaskAugmentedRequestParams",
    // Metadata stays raw; its keys are constants of `meta`.
    "MetaObject",
    "NotificationMetaObject",
    "RequestMetaObject",
    "ResultMetaObject",
    "SubscriptionsListenResultMeta",
    "SubscriptionsListenResultMetaObject",
    // A text, or any JSON.
    "Cursor",
    "JSONArray",
    "JSONObject",
    "JSONValue",
    "ResultType",
    // Tasks of 2025-11-25, which were experimental.
    "CancelTaskRequest",
    "CancelTaskResult",
    "CreateTaskResult",
    "GetTaskPayloadRequest",
    "GetTaskPayloadResult",
    "GetTaskRequest",
    "GetTaskResult",
    "ListTasksRequest",
    "ListTasksResult",
    "RelatedTaskMetadata",
    "Task",
    "TaskMetadata",
    "TaskStatus",
    "TaskStatusNotification",
    "TaskStatusNotificationParams",
    "ToolExecution",
];

/// What we name though the schema does not: every notification may carry metadata, says the base protocol.
const NAMED_BESIDES: &[(&str, &str)] = &[("ElicitationCompleteNotification", "_meta")];

fn names(schema: &Value) -> BTreeSet<&str> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flat_map(|members| members.keys())
        .map(String::as_str)
        .collect()
}

#[test]
fn no_member_and_no_definition_of_a_schema_is_forgotten() {
    let mut forgotten = Vec::new();
    for version in ProtocolVersion::ALL {
        let Some(schema) = Schema::load(version) else { continue };
        for (definition, body) in schema.definitions() {
            let Some(kind) = kind(definition) else {
                if !NOT_MODELLED.contains(&&**definition) {
                    forgotten.push(format!("{version} {definition}"));
                }
                continue;
            };
            if kind.members.is_empty() {
                continue;
            }
            let object = if kind.in_params { schema.resolve(&body["properties"]["params"]) } else { body };
            for name in names(object) {
                let kept = KEPT_IN_UNKNOWN.contains(&(&**definition, name));
                if !kept && !kind.members.contains(&name) {
                    forgotten.push(format!("{version} {definition}.{name}"));
                }
            }
        }
    }
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}

#[test]
fn every_member_we_name_is_in_the_schema_of_some_revision() {
    let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for version in ProtocolVersion::ALL {
        let Some(schema) = Schema::load(version) else {
            if version == ProtocolVersion::V2024_11_05 {
                continue;
            }
            return;
        };
        for kind in KINDS {
            let Some(body) = schema.definitions().get(kind.definition) else { continue };
            let object = if kind.in_params { schema.resolve(&body["properties"]["params"]) } else { body };
            known.entry(kind.named).or_default().extend(names(object).into_iter().map(str::to_owned));
        }
    }
    let mut invented = Vec::new();
    for kind in KINDS {
        for name in kind.members {
            let besides = NAMED_BESIDES.contains(&(kind.definition, name));
            if !besides && !known.get(kind.named).is_some_and(|known| known.contains(*name)) {
                invented.push(format!("{}.{name}", kind.named));
            }
        }
    }
    assert!(invented.is_empty(), "{invented:#?}");
}
