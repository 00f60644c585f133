//! Questions to clients that are sent requests: legacy clients, and those whose call has become a task.

use std::time::Duration;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::elicitation::ElicitParams;
use car_mcp::proto::sampling::CreateMessageParams;
use car_mcp::server::legacy::{Conversation, QUESTION_TIMEOUT};
use car_mcp::server::{
    Caller, Context, Exchange, Inbound, NoArguments, Questions, Server, Step, TaskUse, TasksOptions, tool,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::double::{ask, meta, read_message};

/// `name` asks the user; `both` asks for the roots and the model at once; `late` asks in a task what it asked before.
fn server() -> Server {
    let name = |_: NoArguments, context: Context| async move {
        let answer = context.elicit("name", ElicitParams::new("Who are you?")).await?;
        Ok(format!("{} {:?}", answer.action.as_str(), answer.content))
    };
    let both = |_: NoArguments, context: Context| async move {
        let model = CreateMessageParams::new(Vec::new());
        let answers = context.ask(Questions::new().roots("r").sample("s", model)).await?;
        Ok(format!("{} {}", answers.roots("r")?.roots.len(), answers.sampled("s")?.model))
    };
    let late = |_: NoArguments, context: Context| async move {
        context.elicit("name", ElicitParams::new("Who are you?")).await?;
        context.continue_as_task().await?;
        let questions = Questions::new()
            .elicit("name", ElicitParams::new("Who are you?"))
            .elicit("sure", ElicitParams::new("Are you sure?"));
        let answers = context.ask(questions).await?;
        let told = |key| answers.elicited(key).map(|answer| answer.action.as_str().to_owned());
        Ok(format!("{} {}", told("name")?, told("sure")?))
    };
    Server::builder(Implementation::new("example"))
        .tool(tool("name", "Asks").run::<_, String, _, _>(name))
        .tool(tool("both", "Asks twice").run::<_, String, _, _>(both))
        .tool(tool("late", "Asks and goes on").run::<_, String, _, _>(late))
        .tool(tool("slow", "Asks in a task").task(TaskUse::WhereSupported).run::<_, String, _, _>(name))
        .tasks(TasksOptions::default())
        .build()
        .unwrap()
}

fn everything() -> Value {
    json!({"elicitation": {}, "sampling": {}, "roots": {}})
}

struct Client(Conversation);

impl Client {
    /// Makes the handshake up to, but not including, the last word.
    fn hello(version: &str, capabilities: Value) -> Self {
        let client = Self(Conversation::begin(&server()));
        let hello = json!({
            "protocolVersion": version,
            "capabilities": capabilities,
            "clientInfo": {"name": "test", "version": "1"},
        });
        let mut exchange = client.begin("hello", "initialize", hello);
        assert!(
            matches!(exchange.step().now_or_never(), Some(Some(Step::Answer(answer))) if answer.error.is_none())
        );
        client
    }

    fn ready(version: &str, capabilities: Value) -> Self {
        let client = Self::hello(version, capabilities);
        client.notify("notifications/initialized", json!({}));
        client
    }

    fn begin(&self, id: &str, method: &str, params: Value) -> Exchange {
        match read_message(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})) {
            Inbound::Request(request) => self.0.request(request, Caller::anonymous()),
            other => panic!("expected a request, found {other:?}"),
        }
    }

    fn call(&self, tool: &str) -> Exchange {
        self.begin("call", "tools/call", json!({"name": tool}))
    }

    fn notify(&self, method: &str, params: Value) {
        match read_message(json!({"jsonrpc": "2.0", "method": method, "params": params})) {
            Inbound::Notification(notification) => self.0.notification(&notification),
            other => panic!("expected a notification, found {other:?}"),
        }
    }

    /// Answers, with `result` or `error`, and returns whether that was waited for.
    fn answer(&self, question: &Value, outcome: &str, value: Value) -> bool {
        match read_message(json!({"jsonrpc": "2.0", "id": question["id"], outcome: value})) {
            Inbound::Response(response) => self.0.response(response),
            other => panic!("expected a response, found {other:?}"),
        }
    }
}

async fn message(exchange: &mut Exchange) -> Value {
    match exchange.step().await {
        Some(Step::Message(message)) => serde_json::from_slice(&message).unwrap(),
        other => panic!("expected a message, found {other:?}"),
    }
}

async fn response(exchange: &mut Exchange) -> Value {
    match exchange.step().await {
        Some(Step::Answer(answer)) => serde_json::from_slice(&answer.body).unwrap(),
        other => panic!("expected an answer, found {other:?}"),
    }
}

#[tokio::test]
async fn the_user_is_asked_by_a_request_and_the_handler_goes_on_with_the_answer() {
    let client = Client::ready("2025-06-18", everything());
    let mut call = client.call("name");
    let question = message(&mut call).await;
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["message"], "Who are you?");
    assert!(call.step().now_or_never().is_none());
    let answer = json!({"action": "accept", "content": {"name": "Ada"}});
    assert!(client.answer(&question, "result", answer.clone()));
    let response = response(&mut call).await;
    assert_eq!(response["result"]["content"][0]["text"], r#"accept Some({"name": "Ada"})"#);
    assert!(!client.answer(&question, "result", answer), "it was answered before");
}

#[tokio::test]
async fn several_questions_are_put_at_once_and_answered_in_any_order() {
    let client = Client::ready("2024-11-05", everything());
    let mut call = client.call("both");
    let (roots, model) = (message(&mut call).await, message(&mut call).await);
    assert_eq!(
        (&roots["method"], &model["method"]),
        (&json!("roots/list"), &json!("sampling/createMessage"))
    );
    assert_ne!(roots["id"], model["id"]);
    let said = json!({"role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"});
    assert!(client.answer(&model, "result", said));
    assert!(client.answer(&roots, "result", json!({"roots": [{"uri": "file:///a"}]})));
    assert_eq!(response(&mut call).await["result"]["content"][0]["text"], "1 m");
}

/// Lifecycle: before `initialized` the server should send no requests.
#[tokio::test]
async fn nothing_is_asked_before_the_client_is_ready() {
    let client = Client::hello("2025-11-25", everything());
    let mut call = client.call("name");
    assert!(call.step().now_or_never().is_none());
    let (question, ()) =
        tokio::join!(message(&mut call), async { client.notify("notifications/initialized", json!({})) });
    assert_eq!(question["method"], "elicitation/create");
}

/// Elicitation exists from 2025-06-18 on; a capability that was not declared must not be used.
#[tokio::test]
async fn a_client_that_cannot_be_asked_is_not_asked() {
    for (version, capabilities) in [
        ("2025-03-26", everything()),
        ("2025-11-25", json!({"sampling": {}})),
        ("2025-11-25", json!({"elicitation": {"url": {}}})),
    ] {
        let client = Client::ready(version, capabilities.clone());
        let response = response(&mut client.call("name")).await;
        assert_eq!(response["error"]["code"], -32600, "{version} {capabilities}");
    }
}

#[tokio::test]
async fn refusals_and_answers_of_another_shape_fail_the_tool() {
    let client = Client::ready("2025-11-25", everything());
    for (outcome, value, told) in [
        ("error", json!({"code": -1, "message": "not now"}), "not now"),
        ("result", json!({"action": "dance"}), "does not fit"),
        ("result", json!(null), "does not fit"),
        ("result", json!([1]), "does not fit"),
    ] {
        let mut call = client.call("name");
        let question = message(&mut call).await;
        assert!(client.answer(&question, outcome, value));
        let response = response(&mut call).await;
        let text = response["result"]["content"][0]["text"].as_str().unwrap();
        assert!(response["result"]["isError"] == true && text.contains(told), "{response}");
    }
}

#[tokio::test]
async fn a_question_is_taken_back_when_its_request_is_cancelled() {
    let client = Client::ready("2025-11-25", everything());
    let mut call = client.call("name");
    let question = message(&mut call).await;
    client.notify("notifications/cancelled", json!({"requestId": "call"}));
    let notice = message(&mut call).await;
    assert_eq!(
        (&notice["method"], &notice["params"]["requestId"]),
        (&json!("notifications/cancelled"), &question["id"])
    );
    assert!(call.step().await.is_none());
    assert!(!client.answer(&question, "result", json!({"action": "accept"})));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_not_waited_for_longer_than_the_bound() {
    let client = Client::ready("2025-11-25", everything());
    let mut call = client.call("name");
    message(&mut call).await;
    let start = tokio::time::Instant::now();
    assert_eq!(message(&mut call).await["method"], "notifications/cancelled");
    assert_eq!(response(&mut call).await["result"]["isError"], true);
    assert!(
        start.elapsed() >= QUESTION_TIMEOUT && start.elapsed() < QUESTION_TIMEOUT + Duration::from_secs(1)
    );
}

#[tokio::test]
async fn a_client_without_a_session_cannot_be_asked() {
    use car_mcp::proto::ProtocolVersion;
    let client = Client(Conversation::stateless(&server(), ProtocolVersion::V2025_11_25));
    assert!(response(&mut client.call("name")).await["error"].is_object());
}

fn knowing() -> Value {
    json!({"elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}})
}

async fn about(server: &Server, method: &str, mut params: Value) -> Value {
    params["_meta"] = meta(knowing());
    ask(server, method, params).await["result"].clone()
}

/// Looks at a task until it is in a state.
async fn seen(server: &Server, task: &Value, status: &str) -> Value {
    loop {
        let seen = about(server, "tasks/get", json!({"taskId": task["taskId"]})).await;
        if seen["status"] == status {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_task_asks_by_its_state_and_goes_on_when_it_is_answered() {
    let server = server();
    let task = about(&server, "tools/call", json!({"name": "slow"})).await;
    let asking = seen(&server, &task, "input_required").await;
    assert_eq!(asking["inputRequests"]["name"]["method"], "elicitation/create");
    for (answer, then) in [
        (json!({"other": {"action": "accept"}}), "input_required"),
        (json!({"name": {"action": "dance"}}), "input_required"),
        (json!({"name": {"action": "decline"}}), "completed"),
    ] {
        let update = json!({"taskId": task["taskId"], "inputResponses": answer});
        assert_eq!(about(&server, "tasks/update", update).await["resultType"], "complete");
        tokio::task::yield_now().await;
        seen(&server, &task, then).await;
    }
    let ended = seen(&server, &task, "completed").await;
    assert_eq!(ended["result"]["content"][0]["text"], "decline None");
}

/// SEP-2663: questions before the task are rounds of the call; what they were answered with stays answered.
#[tokio::test]
async fn a_call_asks_in_rounds_before_it_becomes_a_task_and_by_its_state_after() {
    let server = server();
    let round = about(&server, "tools/call", json!({"name": "late"})).await;
    assert_eq!(round["resultType"], "input_required");
    let mut again = json!({"name": "late", "inputResponses": {"name": {"action": "accept"}}});
    if let Some(state) = round.get("requestState") {
        again["requestState"] = state.clone();
    }
    let task = about(&server, "tools/call", again).await;
    assert_eq!(task["resultType"], "task");
    let asking = seen(&server, &task, "input_required").await;
    assert_eq!(asking["inputRequests"].as_object().unwrap().keys().collect::<Vec<_>>(), ["sure"]);
    let update = json!({"taskId": task["taskId"], "inputResponses": {"sure": {"action": "cancel"}}});
    about(&server, "tasks/update", update).await;
    let ended = seen(&server, &task, "completed").await;
    assert_eq!(ended["result"]["content"][0]["text"], "accept cancel");
}
