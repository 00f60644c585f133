//! `subscriptions/listen`: one long answer that carries the changes a client asked to hear of (2026-07-28).

use crate::json::Members;
use crate::result::ResultType;

open_object! {
    /// Which changes a client wants to hear of, or a server agreed to tell.
    pub struct SubscriptionFilter {
        /// Changes of the list of tools.
        opt tools_list_changed: bool = "toolsListChanged",
        /// Changes of the list of prompts.
        opt prompts_list_changed: bool = "promptsListChanged",
        /// Changes of the list of resources.
        opt resources_list_changed: bool = "resourcesListChanged",
        /// Changes of these resources, by URI.
        opt resource_subscriptions: Vec<String> = "resourceSubscriptions",
    }
}

open_object! {
    /// Parameters of `subscriptions/listen`.
    pub struct ListenParams {
        /// The changes to hear of.
        req notifications: SubscriptionFilter = "notifications",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `notifications/subscriptions/acknowledged`, the first message of the stream.
    pub struct AcknowledgedParams {
        /// What the server agreed to tell: a part of what was asked.
        req notifications: SubscriptionFilter = "notifications",
        /// Metadata; names the subscription.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `subscriptions/listen`: the server has ended the stream in good order.
    pub struct ListenResult {
        /// The kind of result.
        opt result_type: ResultType = "resultType",
        /// Metadata; names the subscription.
        opt meta: Members = "_meta",
    }
}
