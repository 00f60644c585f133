//! What a handler says before its answer: progress and log messages.

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::logging::LoggingLevel;
use car_mcp::server::{Caller, Context, Failure, NoArguments, Server, tool};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::double::{all_steps, meta, request};

async fn works(_: NoArguments, context: Context) -> Result<&'static str, Failure> {
    for progress in [0.0, 50.0, 50.0, 20.0, f64::NAN, 99.5, f64::INFINITY, 100.0] {
        context.progress(progress, Some(100.0), Some("working")).await;
    }
    Ok("done")
}

async fn logs(_: NoArguments, context: Context) -> Result<&'static str, Failure> {
    for level in LoggingLevel::KNOWN {
        context.log(level.clone(), Some("part"), json!({"at": level.as_str()})).await;
    }
    Ok("done")
}

fn server() -> Server {
    Server::builder(Implementation::new("example"))
        .logging()
        .tool(tool("works", "").run(works))
        .tool(tool("logs", "").run(logs))
        .build()
        .unwrap()
}

async fn call(server: &Server, name: &str, more: Value) -> (Vec<Value>, Value) {
    let mut about = meta(json!({}));
    for (name, value) in more.as_object().unwrap() {
        about[name] = value.clone();
    }
    let request = request("tools/call", json!({"name": name, "_meta": about}));
    all_steps(server.answer(request, Caller::anonymous())).await
}

#[tokio::test]
async fn v20_progress_grows_and_is_told_to_who_asked_for_it() {
    let (messages, response) = call(&server(), "works", json!({"progressToken": "p-1"})).await;
    let told: Vec<_> = messages.iter().map(|message| &message["params"]["progress"]).collect();
    assert_eq!(told, [&json!(0), &json!(50), &json!(99.5), &json!(100)]);
    assert_eq!(
        messages[0],
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params":
            {"progressToken": "p-1", "progress": 0, "total": 100, "message": "working"}})
    );
    assert_eq!(response["result"]["content"][0]["text"], "done");
    let (messages, _) = call(&server(), "works", json!({})).await;
    assert!(messages.is_empty());
    let (_, response) = call(&server(), "works", json!({"progressToken": 1.5})).await;
    assert_eq!(response["error"]["code"], -32602);
}

#[tokio::test]
async fn v20_nothing_is_told_after_the_answer() {
    let (sender, receiver) = oneshot::channel::<Context>();
    let sender = std::sync::Mutex::new(Some(sender));
    let escapes = tool("escapes", "").run(move |_: NoArguments, context: Context| {
        let sender = sender.lock().unwrap().take().unwrap();
        async move {
            sender.send(context).unwrap();
            Ok("done")
        }
    });
    let server = Server::builder(Implementation::new("example")).logging().tool(escapes).build().unwrap();
    let mut about = meta(json!({}));
    about["progressToken"] = json!(7);
    about["io.modelcontextprotocol/logLevel"] = json!("debug");
    let request = request("tools/call", json!({"name": "escapes", "_meta": about}));
    let mut exchange = server.answer(request, Caller::anonymous());
    assert!(matches!(exchange.step().await, Some(car_mcp::server::Step::Answer(_))));
    let context = receiver.await.unwrap();
    context.progress(1.0, None, None).await;
    context.log(LoggingLevel::ERROR, None, "late").await;
    assert!(exchange.step().await.is_none());
}

#[tokio::test]
async fn v18_log_messages_are_sent_at_the_level_that_was_asked_for_and_not_otherwise() {
    let level = "io.modelcontextprotocol/logLevel";
    for (asked, count) in [(json!({}), 0), (json!({level: "debug"}), 8), (json!({level: "error"}), 4)] {
        let (messages, _) = call(&server(), "logs", asked.clone()).await;
        assert_eq!(messages.len(), count, "{asked}");
    }
    let (messages, _) = call(&server(), "logs", json!({level: "emergency"})).await;
    assert_eq!(
        messages,
        [json!({"jsonrpc": "2.0", "method": "notifications/message", "params":
            {"level": "emergency", "logger": "part", "data": {"at": "emergency"}}})]
    );
    let (_, response) = call(&server(), "logs", json!({level: "loud"})).await;
    assert_eq!(response["error"]["code"], -32602);
}

#[tokio::test]
async fn a_slow_reader_holds_the_handler_up_and_loses_nothing() {
    let chatty = tool("chatty", "").run(async |_: NoArguments, context: Context| {
        for index in 0..100 {
            context.progress(f64::from(index), None, None).await;
        }
        Ok("done")
    });
    let server = Server::builder(Implementation::new("example")).tool(chatty).build().unwrap();
    let (messages, _) = call(&server, "chatty", json!({"progressToken": 1})).await;
    assert_eq!(messages.len(), 100);
}
