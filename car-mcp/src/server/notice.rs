//! Changes as notifications.

use bytes::Bytes;
use car_mcp_proto::progress::CancelledParams;
use car_mcp_proto::resource::ResourceUpdatedParams;
use car_mcp_proto::rpc::Outgoing;
use car_mcp_proto::{Members, RawJson, RequestId, meta, method};
use serde::Serialize;

use super::changes::{Change, List};

/// The state of a task (extension `io.modelcontextprotocol/tasks`).
const TASK: &str = "notifications/tasks";

/// Writes a notification.
pub(crate) fn notification(method: &str, params: Option<impl Serialize>) -> Bytes {
    let outgoing = Outgoing::Notification { method, params };
    Bytes::from(serde_json::to_vec(&outgoing).expect("a notification of the server's can be written"))
}

/// Writes a change for a legacy client.
pub(crate) fn of_change(change: &Change) -> Bytes {
    match change {
        Change::List(list) => notification(method_of(*list), None::<()>),
        Change::Resource(uri) => notification(name::<method::ResourceUpdated>(), Some(updated(uri, None))),
        Change::Task(state) => notification(TASK, Some(state)),
    }
}

/// Writes a change for the subscription that is named.
pub(crate) fn of_subscription(change: &Change, subscription: &Members) -> Bytes {
    match change {
        Change::List(list) => {
            let mut params = method::EmptyParams::new();
            params.meta = Some(subscription.clone());
            notification(method_of(*list), Some(params))
        }
        Change::Resource(uri) => {
            notification(name::<method::ResourceUpdated>(), Some(updated(uri, Some(subscription))))
        }
        Change::Task(state) => notification(TASK, Some(with_meta(state, subscription))),
    }
}

/// Writes the notice that an own request is no longer wanted.
pub(crate) fn of_cancelled(id: RequestId, reason: &str) -> Bytes {
    let mut params = CancelledParams::new();
    params.request_id = Some(id);
    params.reason = Some(reason.to_owned());
    notification(name::<method::Cancelled>(), Some(params))
}

/// Returns the member of `_meta` that names a subscription: the id of the request, in its own JSON type.
pub(crate) fn subscription(id: &RequestId) -> Members {
    let id = RawJson::from_value(id).expect("an id can be written");
    [(meta::SUBSCRIPTION_ID, id)].into_iter().collect()
}

const fn name<M: method::Method>() -> &'static str {
    M::NAME
}

const fn method_of(list: List) -> &'static str {
    match list {
        List::Tools => name::<method::ToolListChanged>(),
        List::Prompts => name::<method::PromptListChanged>(),
        List::Resources => name::<method::ResourceListChanged>(),
    }
}

fn updated(uri: &str, meta: Option<&Members>) -> ResourceUpdatedParams {
    let mut params = ResourceUpdatedParams::new(uri);
    params.meta = meta.cloned();
    params
}

/// Adds `_meta` to an object that has none.
fn with_meta(object: &RawJson, meta: &Members) -> RawJson {
    let members = object.as_str().trim_start_matches('{');
    let meta = RawJson::from_value(meta).expect("metadata can be written");
    RawJson::from_text(format!("{{\"_meta\":{},{members}", meta.as_str()))
        .expect("one member more is an object")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(message: &Bytes) -> Value {
        serde_json::from_slice(message).unwrap()
    }

    #[test]
    fn a_legacy_client_is_told_without_a_word_of_subscriptions() {
        assert_eq!(
            read(&of_change(&Change::List(List::Prompts))),
            json!({"jsonrpc": "2.0", "method": "notifications/prompts/list_changed"}),
        );
        assert_eq!(
            read(&of_change(&Change::Resource("a:1".into()))),
            json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "a:1"}}),
        );
    }

    #[test]
    fn a_subscription_is_named_by_its_id_in_its_own_type() {
        let task = RawJson::from_text(r#"{"taskId":"t"}"#).unwrap();
        for (id, expected) in [(RequestId::from(7), json!(7)), (RequestId::from("7"), json!("7"))] {
            let changes =
                [Change::List(List::Tools), Change::Resource("a:1".into()), Change::Task(task.clone())];
            for change in changes {
                let message = read(&of_subscription(&change, &subscription(&id)));
                assert_eq!(message["params"]["_meta"][meta::SUBSCRIPTION_ID], expected, "{change:?}");
            }
        }
        let message = read(&of_subscription(&Change::Task(task), &subscription(&7.into())));
        assert_eq!((&message["method"], &message["params"]["taskId"]), (&json!(TASK), &json!("t")));
    }
}
