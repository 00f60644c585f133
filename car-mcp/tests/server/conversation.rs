//! Conversations with legacy clients: the handshake, ids, cancellation, the feed, and clients that break the rules.

use std::future::pending;
use std::sync::Arc;

use car_mcp::proto::ProtocolVersion;
use car_mcp::proto::capability::Implementation;
use car_mcp::server::legacy::Conversation;
use car_mcp::server::{
    Caller, Context, Exchange, Failure, Inbound, NoArguments, Server, Step, resource, template, tool,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::double::{all_steps, read_message};

/// A server whose tool `wait` never ends by itself, and gives a permit when it is dropped.
fn server(dropped: &Arc<Semaphore>) -> Server {
    struct Permit(Arc<Semaphore>);
    impl Drop for Permit {
        fn drop(&mut self) {
            self.0.add_permits(1);
        }
    }
    let dropped = Arc::clone(dropped);
    let wait = move |_: NoArguments, _: Context| {
        let permit = Permit(Arc::clone(&dropped));
        async move {
            let _permit = permit;
            pending::<Result<String, Failure>>().await
        }
    };
    let greet = |_: NoArguments, _: Context| async { Ok::<_, Failure>("hello") };
    Server::builder(Implementation::new("example"))
        .instructions("Ask for the way.")
        .tool(tool("wait", "Waits").run(wait))
        .tool(tool("greet", "Greets").run(greet))
        .resource(resource("test://one", "one").read(|_| async { Ok(Vec::new()) }))
        .template(template("test://many/{id}", "many").read(|_, _, _| async { Ok(Vec::new()) }))
        .logging()
        .build()
        .unwrap()
}

fn plain_server() -> Server {
    server(&Arc::new(Semaphore::new(0)))
}

fn begin(conversation: &Conversation, id: Value, method: &str, params: Value) -> Exchange {
    match read_message(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})) {
        Inbound::Request(request) => conversation.request(request, Caller::anonymous()),
        other => panic!("expected a request, found {other:?}"),
    }
}

async fn ask(conversation: &Conversation, method: &str, params: Value) -> Value {
    all_steps(begin(conversation, json!(99), method, params)).await.1
}

fn notify(conversation: &Conversation, method: &str, params: Value) {
    match read_message(json!({"jsonrpc": "2.0", "method": method, "params": params})) {
        Inbound::Notification(notification) => conversation.notification(&notification),
        other => panic!("expected a notification, found {other:?}"),
    }
}

fn hello(version: &str) -> Value {
    json!({"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
}

async fn greeted(server: &Server) -> Conversation {
    let conversation = Conversation::begin(server);
    ask(&conversation, "initialize", hello("2025-11-25")).await;
    notify(&conversation, "notifications/initialized", json!({}));
    conversation
}

#[tokio::test]
async fn the_clients_own_revision_is_agreed_on_and_the_newest_where_it_is_unknown() {
    let server = plain_server();
    let same = ProtocolVersion::LEGACY.map(|version| (version.as_str(), version.as_str()));
    let other = ["2026-07-28", "2030-01-01", "nonsense", ""].map(|version| (version, "2025-11-25"));
    for (wanted, agreed) in same.into_iter().chain(other) {
        let conversation = Conversation::begin(&server);
        assert_eq!(conversation.version(), None);
        let response = ask(&conversation, "initialize", hello(wanted)).await;
        assert_eq!(response["result"]["protocolVersion"], agreed, "{wanted}");
        assert_eq!(conversation.version().unwrap().as_str(), agreed, "{wanted}");
    }
}

#[tokio::test]
async fn initialize_tells_what_is_offered_in_the_shape_of_its_era() {
    let response = ask(&Conversation::begin(&plain_server()), "initialize", hello("2025-06-18")).await;
    assert_eq!(
        response,
        json!({"jsonrpc": "2.0", "id": 99, "result": {
            "protocolVersion": "2025-06-18",
            "capabilities": {
                "logging": {},
                "resources": {"listChanged": true, "subscribe": true},
                "tools": {"listChanged": true},
            },
            "serverInfo": {"name": "example", "version": ""},
            "instructions": "Ask for the way.",
        }})
    );
}

#[tokio::test]
async fn a_server_without_legacy_revisions_names_those_that_it_speaks() {
    let server = Server::builder(Implementation::new("example"))
        .versions([ProtocolVersion::V2026_07_28])
        .build()
        .unwrap();
    let response = ask(&Conversation::begin(&server), "initialize", hello("2025-11-25")).await;
    assert_eq!(response["error"]["code"], -32022);
    assert_eq!(response["error"]["data"]["supported"], json!(["2026-07-28"]));
}

/// Lifecycle: the client should ask for nothing but a ping before the handshake.
#[tokio::test]
async fn before_the_handshake_only_a_ping_is_answered() {
    let conversation = Conversation::begin(&plain_server());
    assert_eq!(ask(&conversation, "ping", json!({})).await["result"], json!({}));
    for method in ["tools/list", "logging/setLevel", "nonsense"] {
        assert_eq!(ask(&conversation, method, json!({})).await["error"]["code"], -32600, "{method}");
    }
    notify(&conversation, "notifications/initialized", json!({}));
    assert_eq!(ask(&conversation, "tools/list", json!({})).await["error"]["code"], -32600);
    assert_eq!(ask(&conversation, "initialize", json!({})).await["error"]["code"], -32602);
    assert!(ask(&conversation, "initialize", hello("2025-11-25")).await["result"].is_object());
}

/// Lifecycle: the handshake is the first interaction, and there is one.
#[tokio::test]
async fn a_second_initialize_is_refused_and_changes_nothing() {
    let conversation = greeted(&plain_server()).await;
    assert_eq!(ask(&conversation, "initialize", hello("2024-11-05")).await["error"]["code"], -32600);
    assert_eq!(conversation.version(), Some(ProtocolVersion::V2025_11_25));
}

#[tokio::test]
async fn methods_of_no_era_or_of_the_other_one_do_not_exist() {
    let conversation = greeted(&plain_server()).await;
    let methods = [
        "server/discover",
        "subscriptions/listen",
        "tasks/get",
        "tasks/list",
        "tasks/result",
        "nonsense",
        "prompts/list",
        "completion/complete",
    ];
    for method in methods {
        let response = ask(&conversation, method, json!({"taskId": "t", "uri": "a:1"})).await;
        assert_eq!(response["error"]["code"], -32601, "{method}");
    }
}

/// Logging: invalid log level, -32602.
#[tokio::test]
async fn a_level_that_there_is_not_is_refused() {
    let conversation = greeted(&plain_server()).await;
    assert_eq!(ask(&conversation, "logging/setLevel", json!({"level": "debug"})).await["result"], json!({}));
    for params in [json!({"level": "loud"}), json!({"level": 3}), json!({})] {
        let response = ask(&conversation, "logging/setLevel", params.clone()).await;
        assert_eq!(response["error"]["code"], -32602, "{params}");
    }
    let silent = Server::builder(Implementation::new("example")).build().unwrap();
    let conversation = greeted(&silent).await;
    for method in ["logging/setLevel", "resources/subscribe", "resources/unsubscribe"] {
        let response = ask(&conversation, method, json!({"level": "debug", "uri": "a:1"})).await;
        assert_eq!(response["error"]["code"], -32601, "{method}");
    }
}

/// Requests: an id must not be used twice within a session.
#[tokio::test]
async fn a_second_request_with_an_id_under_way_is_refused_and_the_first_goes_on() {
    let dropped = Arc::new(Semaphore::new(0));
    let conversation = greeted(&server(&dropped)).await;
    let mut first = begin(&conversation, json!(7), "tools/call", json!({"name": "wait"}));
    assert!(first.step().now_or_never().is_none());
    for method in ["tools/call", "ping", "initialize"] {
        let second = begin(&conversation, json!(7), method, json!({"name": "greet"}));
        let (_, response) = all_steps(second).await;
        assert_eq!((&response["error"]["code"], &response["id"]), (&json!(-32600), &json!(7)), "{method}");
    }
    // The same digits as text are another id.
    let other = begin(&conversation, json!("7"), "tools/call", json!({"name": "greet"}));
    assert_eq!(all_steps(other).await.1["result"]["content"][0]["text"], "hello");
    assert!(first.step().now_or_never().is_none());
    assert_eq!(dropped.available_permits(), 0);
}

/// Cancellation: the server stops the work, frees its resources and sends no response.
#[tokio::test]
async fn a_cancelled_request_is_dropped_without_a_response_and_its_id_is_free() {
    let dropped = Arc::new(Semaphore::new(0));
    let conversation = greeted(&server(&dropped)).await;
    let call = || begin(&conversation, json!(7), "tools/call", json!({"name": "wait"}));
    let mut first = call();
    assert!(first.step().now_or_never().is_none());
    let cancelling = async {
        notify(&conversation, "notifications/cancelled", json!({"requestId": 7, "reason": "enough"}));
    };
    let (step, ()) = tokio::join!(first.step(), cancelling);
    assert!(step.is_none(), "{step:?}");
    assert_eq!(dropped.available_permits(), 1);
    assert!(call().step().now_or_never().is_none(), "the id is free, and the new request is not cancelled");
}

/// Cancellation: what is unknown, finished or malformed is ignored.
#[tokio::test]
async fn cancellations_of_nothing_are_ignored() {
    let conversation = greeted(&plain_server()).await;
    let mut call = begin(&conversation, json!(7), "tools/call", json!({"name": "wait"}));
    assert!(call.step().now_or_never().is_none());
    for params in
        [json!({}), json!({"requestId": "7"}), json!({"requestId": 8}), json!({"requestId": [7]}), json!([])]
    {
        notify(&conversation, "notifications/cancelled", params);
    }
    notify(&conversation, "notifications/nonsense", json!({"requestId": 7}));
    assert!(call.step().now_or_never().is_none());
}

#[tokio::test]
async fn dropping_an_exchange_frees_its_id() {
    let conversation = greeted(&plain_server()).await;
    drop(begin(&conversation, json!(7), "tools/call", json!({"name": "wait"})));
    let call = begin(&conversation, json!(7), "tools/call", json!({"name": "greet"}));
    assert!(all_steps(call).await.1["result"].is_object());
}

#[tokio::test]
async fn responses_to_nothing_are_told_from_answers() {
    let conversation = greeted(&plain_server()).await;
    for id in [json!(1), json!("question-0"), json!("question-"), json!("nonsense")] {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": {}});
        let Inbound::Response(response) = read_message(message) else { panic!("expected a response") };
        assert!(!conversation.response(response), "{id}");
    }
}

#[tokio::test]
async fn the_feed_tells_changed_lists_once_and_ends_with_the_conversation() {
    let server = plain_server();
    let conversation = greeted(&server).await;
    let mut feed = conversation.feed();
    server.tools_changed();
    server.tools_changed();
    server.prompts_changed();
    let message: Value = serde_json::from_slice(&feed.message().await.unwrap()).unwrap();
    assert_eq!(message, json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
    assert!(feed.message().now_or_never().is_none(), "no prompts are offered");
    let (message, ()) = tokio::join!(feed.message(), async { conversation.end() });
    assert_eq!(message, None);
}

#[tokio::test]
async fn the_feed_tells_of_resources_that_are_subscribed_to() {
    let server = plain_server();
    let conversation = greeted(&server).await;
    let mut feed = conversation.feed();
    for uri in ["test://one", "test://many/7"] {
        assert_eq!(ask(&conversation, "resources/subscribe", json!({"uri": uri})).await["result"], json!({}));
    }
    server.resource_updated("test://many/8");
    server.resource_updated("test://many/7");
    let message: Value = serde_json::from_slice(&feed.message().await.unwrap()).unwrap();
    assert_eq!(
        (&message["method"], &message["params"]),
        (&json!("notifications/resources/updated"), &json!({"uri": "test://many/7"}))
    );
    server.resource_updated("test://one");
    let left = ask(&conversation, "resources/unsubscribe", json!({"uri": "test://one"})).await;
    assert_eq!(left["result"], json!({}));
    assert!(feed.message().now_or_never().is_none(), "it is not followed any more");
}

/// Resources: not found is -32002 in this era.
#[tokio::test]
async fn a_resource_that_there_is_not_cannot_be_subscribed_to() {
    let conversation = greeted(&plain_server()).await;
    let response = ask(&conversation, "resources/subscribe", json!({"uri": "test://two"})).await;
    assert_eq!(response["error"]["code"], -32002);
    assert_eq!(response["error"]["data"], json!({"uri": "test://two"}));
    assert_eq!(ask(&conversation, "resources/subscribe", json!({})).await["error"]["code"], -32602);
}

#[tokio::test]
async fn a_new_feed_takes_over() {
    let server = plain_server();
    let conversation = greeted(&server).await;
    let mut old = conversation.feed();
    let (message, mut new) = tokio::join!(old.message(), async { conversation.feed() });
    assert_eq!(message, None);
    server.tools_changed();
    assert!(new.message().await.is_some());
}

#[tokio::test]
async fn the_end_drops_what_is_under_way_and_lets_nothing_begin() {
    let dropped = Arc::new(Semaphore::new(0));
    let conversation = greeted(&server(&dropped)).await;
    let mut call = begin(&conversation, json!(7), "tools/call", json!({"name": "wait"}));
    assert!(call.step().now_or_never().is_none());
    let (step, ()) = tokio::join!(call.step(), async { conversation.end() });
    assert!(step.is_none());
    assert_eq!(dropped.available_permits(), 1);
    assert_eq!(ask(&conversation, "ping", json!({})).await["error"]["code"], -32600);
}

#[tokio::test]
async fn a_client_without_a_session_is_served_one_request() {
    let conversation = Conversation::stateless(&plain_server(), ProtocolVersion::V2025_03_26);
    let call = begin(&conversation, json!(1), "tools/call", json!({"name": "greet"}));
    assert_eq!(all_steps(call).await.1["result"]["content"][0]["text"], "hello");
    assert_eq!(conversation.feed().message().await, None);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_bound() {
    use car_mcp::server::legacy::MAX_UNDER_WAY;
    let conversation = greeted(&plain_server()).await;
    let call = |id| begin(&conversation, json!(id), "tools/call", json!({"name": "wait"}));
    let mut calls: Vec<_> = (0..MAX_UNDER_WAY).map(call).collect();
    let Some(Step::Answer(answer)) = call(MAX_UNDER_WAY).step().await else { panic!("expected an answer") };
    assert_eq!(answer.error, Some(-32600));
    calls.pop();
    assert!(call(MAX_UNDER_WAY).step().now_or_never().is_none());
}
