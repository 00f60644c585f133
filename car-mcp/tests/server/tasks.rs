//! Tasks: which calls become one, how they are asked for, and who may ask.

use std::sync::Arc;

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{
    Caller, Context, Exchange, Failure, NoArguments, Principal, Server, Step, TaskUse, TasksOptions, tool,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::double::{all_steps, meta, read_request};

const EXTENSION: &str = "io.modelcontextprotocol/tasks";

fn knowing() -> Value {
    json!({"extensions": {EXTENSION: {}}})
}

fn begin(server: &Server, method: &str, mut params: Value, capabilities: Value, who: &str) -> Exchange {
    params["_meta"] = meta(capabilities);
    let mut caller = Caller::anonymous();
    caller.principal = Some(Arc::new(Principal::new(who)));
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    server.answer(read_request(request), caller)
}

async fn ask(server: &Server, method: &str, params: Value, capabilities: Value) -> Value {
    all_steps(begin(server, method, params, capabilities, "ada")).await.1
}

async fn call(server: &Server, name: &str) -> Value {
    ask(server, "tools/call", json!({"name": name}), knowing()).await["result"].clone()
}

/// Asks until the task is over.
async fn end(server: &Server, task: &Value) -> Value {
    loop {
        let seen =
            ask(server, "tasks/get", json!({"taskId": task["taskId"]}), knowing()).await["result"].clone();
        if !["working", "input_required"].contains(&seen["status"].as_str().unwrap()) {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

/// `slow` waits for a permit; `becomes` says when it goes on as a task.
fn server(permits: &Arc<Semaphore>) -> Server {
    let slow = |permits: &Arc<Semaphore>| {
        let permits = Arc::clone(permits);
        move |_: NoArguments, _: Context| {
            let permits = Arc::clone(&permits);
            async move {
                permits.acquire().await?.forget();
                Ok::<_, Failure>("done")
            }
        }
    };
    let becomes = {
        let permits = Arc::clone(permits);
        move |_: NoArguments, context: Context| {
            let permits = Arc::clone(&permits);
            async move {
                let before = String::from("before");
                context.continue_as_task().await?;
                context.continue_as_task().await?;
                permits.acquire().await?.forget();
                Ok(format!("{before} and after"))
            }
        }
    };
    let fails = |_: NoArguments, _: Context| async { Err::<String, _>(Failure::new("it broke")) };
    let refuses = |_: NoArguments, _: Context| async { Err::<String, _>(Failure::invalid_params("no")) };
    let panics = |_: NoArguments, _: Context| async { panic!("as it must") };
    Server::builder(Implementation::new("example"))
        .tool(tool("slow", "Slow").task(TaskUse::WhereSupported).run(slow(permits)))
        .tool(tool("always", "Slow").task(TaskUse::Always).run(slow(permits)))
        .tool(tool("becomes", "Goes on").run(becomes))
        .tool(tool("fails", "Fails").task(TaskUse::Always).run(fails))
        .tool(tool("refuses", "Refuses").task(TaskUse::Always).run(refuses))
        .tool(tool("panics", "Panics").task(TaskUse::Always).run::<_, String, _, _>(panics))
        .tasks(TasksOptions::default())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_call_is_answered_with_a_task_that_ends_with_the_result() {
    let permits = Arc::new(Semaphore::new(0));
    let server = server(&permits);
    for name in ["slow", "becomes"] {
        let task = call(&server, name).await;
        assert_eq!((&task["resultType"], &task["status"]), (&json!("task"), &json!("working")), "{name}");
        let id = json!({"taskId": task["taskId"]});
        let seen = ask(&server, "tasks/get", id, knowing()).await;
        assert_eq!(seen["result"]["resultType"], "complete");
        assert_eq!(seen["result"]["status"], "working");
        assert_eq!(seen["result"].get("result"), None);
        permits.add_permits(1);
        let seen = end(&server, &task).await;
        assert_eq!(seen["status"], "completed", "{seen}");
        let text = if name == "slow" { "done" } else { "before and after" };
        assert_eq!(seen["result"]["content"][0]["text"], text);
    }
}

#[tokio::test]
async fn a_client_that_does_not_know_tasks_gets_the_result_or_the_reason() {
    let permits = Arc::new(Semaphore::new(1));
    let server = server(&permits);
    let answer = async |name: &str| ask(&server, "tools/call", json!({"name": name}), json!({})).await;
    assert_eq!(answer("slow").await["result"]["resultType"], "complete");
    for name in ["always", "becomes"] {
        let error = &answer(name).await["error"];
        assert_eq!(error["code"], -32021, "{name}");
        assert_eq!(error["data"]["requiredCapabilities"], json!({"extensions": {EXTENSION: {}}}), "{name}");
    }
}

/// SEP-2663: a tool that failed has completed; `failed` is for JSON-RPC errors.
#[tokio::test]
async fn a_task_fails_only_where_the_call_would_have_been_answered_with_an_error() {
    let server = server(&Arc::new(Semaphore::new(0)));
    let seen = end(&server, &call(&server, "fails").await).await;
    assert_eq!((&seen["status"], &seen["result"]["isError"]), (&json!("completed"), &json!(true)));
    let seen = end(&server, &call(&server, "refuses").await).await;
    assert_eq!((&seen["status"], &seen["error"]["code"]), (&json!("failed"), &json!(-32602)));
    let seen = end(&server, &call(&server, "panics").await).await;
    assert_eq!((&seen["status"], &seen["error"]["code"]), (&json!("failed"), &json!(-32603)));
}

#[tokio::test]
async fn a_cancelled_task_is_dropped() {
    let permits = Arc::new(Semaphore::new(0));
    let server = server(&permits);
    let task = call(&server, "slow").await;
    let id = json!({"taskId": task["taskId"]});
    let cancelled = ask(&server, "tasks/cancel", id.clone(), knowing()).await;
    assert_eq!(cancelled["result"]["resultType"], "complete");
    assert_eq!(end(&server, &task).await["status"], "cancelled");
    assert_eq!(ask(&server, "tasks/cancel", id, knowing()).await["result"]["resultType"], "complete");
    tokio::task::yield_now().await;
    permits.add_permits(1);
    tokio::task::yield_now().await;
    assert_eq!(permits.available_permits(), 1, "nobody waits for it any more");
}

#[tokio::test]
async fn requests_about_tasks_need_the_extension_and_a_task_of_the_callers() {
    let server = server(&Arc::new(Semaphore::new(0)));
    let task = call(&server, "slow").await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = |id: &Value| json!({"taskId": id, "inputResponses": {}});
        let undeclared = ask(&server, method, params(&task["taskId"]), json!({})).await;
        assert_eq!(undeclared["error"]["code"], -32021, "{method}");
        let unknown = ask(&server, method, params(&json!("t")), knowing()).await;
        assert_eq!(unknown["error"]["code"], -32602, "{method}");
        let foreign = begin(&server, method, params(&task["taskId"]), knowing(), "eve");
        assert_eq!(all_steps(foreign).await.1["error"]["code"], -32602, "{method}");
        let malformed = ask(&server, method, json!({"taskId": 7}), knowing()).await;
        assert_eq!(malformed["error"]["code"], -32602, "{method}");
    }
    for method in ["tasks/result", "tasks/list"] {
        let response = ask(&server, method, json!({"taskId": task["taskId"]}), knowing()).await;
        assert_eq!(response["error"]["code"], -32601, "{method}");
    }
}

#[tokio::test]
async fn a_server_without_tasks_does_not_know_their_methods() {
    let server = Server::builder(Implementation::new("example")).build().unwrap();
    let response = ask(&server, "tasks/get", json!({"taskId": "t"}), knowing()).await;
    assert_eq!(response["error"]["code"], -32601);
    let offered = ask(&server, "server/discover", json!({}), knowing()).await;
    assert_eq!(offered["result"]["capabilities"].get("extensions"), None);
}

#[tokio::test]
async fn who_listens_is_told_of_the_callers_tasks_and_no_others() {
    let permits = Arc::new(Semaphore::new(0));
    let server = server(&permits);
    let task = call(&server, "slow").await;
    let filter = json!({"notifications": {"taskIds": [task["taskId"], "t"]}});
    let mut listening = begin(&server, "subscriptions/listen", filter.clone(), knowing(), "ada");
    let mut foreign = begin(&server, "subscriptions/listen", filter, knowing(), "eve");
    let message = async |exchange: &mut Exchange| match exchange.step().await {
        Some(Step::Message(message)) => serde_json::from_slice::<Value>(&message).unwrap(),
        other => panic!("expected a message, found {other:?}"),
    };
    let agreed = message(&mut listening).await;
    assert_eq!(agreed["params"]["notifications"], json!({"taskIds": [task["taskId"]]}));
    assert_eq!(message(&mut foreign).await["params"]["notifications"], json!({"taskIds": []}));

    let told = message(&mut listening).await;
    assert_eq!(
        (&told["method"], &told["params"]["status"]),
        (&json!("notifications/tasks"), &json!("working"))
    );
    permits.add_permits(1);
    let told = message(&mut listening).await;
    assert_eq!(told["params"]["status"], "completed");
    assert_eq!(told["params"]["result"]["content"][0]["text"], "done");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1);
}
