//! `subscriptions/listen`: what is acknowledged, what is told, and how it ends.

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{
    Caller, Context, Exchange, Failure, NoArguments, Server, Step, TasksOptions, resource, template, tool,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::double::{all_steps, meta, read_request};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn server() -> Server {
    let greet = |_: NoArguments, _: Context| async { Ok::<_, Failure>("hello") };
    Server::builder(Implementation::new("example"))
        .tool(tool("greet", "Greets").run(greet))
        .resource(resource("test://one", "one").read(|_| async { Ok(Vec::new()) }))
        .template(template("test://many/{id}", "many").read(|_, _, _| async { Ok(Vec::new()) }))
        .tasks(TasksOptions::default())
        .build()
        .unwrap()
}

fn listen(server: &Server, id: Value, filter: Value) -> Exchange {
    let params = json!({"notifications": filter, "_meta": meta(json!({}))});
    let request = json!({"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params});
    server.answer(read_request(request), Caller::anonymous())
}

async fn message(exchange: &mut Exchange) -> Value {
    match exchange.step().await {
        Some(Step::Message(message)) => serde_json::from_slice(&message).unwrap(),
        other => panic!("expected a message, found {other:?}"),
    }
}

#[tokio::test]
async fn it_is_acknowledged_first_with_what_is_offered() {
    let server = server();
    for id in [json!(7), json!("seven")] {
        let all = json!({
            "toolsListChanged": true,
            "promptsListChanged": true,
            "resourcesListChanged": true,
            "resourceSubscriptions": ["test://one", "test://nothing", "test://many/7"],
        });
        let mut exchange = listen(&server, id.clone(), all);
        server.tools_changed();
        assert_eq!(
            message(&mut exchange).await,
            json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
                "notifications": {
                    "toolsListChanged": true,
                    "resourcesListChanged": true,
                    "resourceSubscriptions": ["test://one", "test://many/7"],
                },
                "_meta": {SUBSCRIPTION: id},
            }})
        );
        assert_eq!(
            message(&mut exchange).await,
            json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {
                "_meta": {SUBSCRIPTION: id},
            }})
        );
        for uri in ["test://nothing", "test://many/8", "test://one", "test://one"] {
            server.resource_updated(uri);
        }
        assert_eq!(
            message(&mut exchange).await,
            json!({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {
                "uri": "test://one",
                "_meta": {SUBSCRIPTION: id},
            }})
        );
        assert!(exchange.step().now_or_never().is_none());
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_told() {
    let server = server();
    for filter in [json!({}), json!({"toolsListChanged": false})] {
        let mut exchange = listen(&server, json!(1), filter);
        assert_eq!(message(&mut exchange).await["params"]["notifications"], json!({}));
        server.tools_changed();
        assert!(exchange.step().now_or_never().is_none());
    }
}

#[tokio::test]
async fn it_ends_with_a_result_when_the_server_closes() {
    let server = server();
    let exchange = listen(&server, json!("a"), json!({"toolsListChanged": true}));
    server.close();
    let (messages, response) = all_steps(exchange).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(response["result"]["resultType"], "complete");
    assert_eq!(response["result"]["_meta"][SUBSCRIPTION], "a");
}

#[tokio::test]
async fn a_filter_that_does_not_fit_is_refused() {
    let many: Vec<_> = (0..2000).map(|index| format!("t{index}")).collect();
    let server = server();
    for (filter, code) in [
        (json!(null), -32602),
        (json!({"toolsListChanged": "yes"}), -32602),
        (json!({"taskIds": ["t"]}), -32021),
    ] {
        let (_, response) = all_steps(listen(&server, json!(1), filter.clone())).await;
        assert_eq!(response["error"]["code"], code, "{filter}");
    }
    let capabilities = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    let params = json!({"notifications": {"taskIds": many}, "_meta": meta(capabilities)});
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params});
    let (_, response) = all_steps(server.answer(read_request(request), Caller::anonymous())).await;
    assert_eq!(response["error"]["code"], -32602);
}
