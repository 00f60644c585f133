//! Questions to a modern client: one handler, several rounds.

use std::time::Duration;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::content::{ContentBlock, Role};
use car_mcp::proto::elicitation::{ElicitParams, ElicitationMode, FormSchema};
use car_mcp::proto::json::Members;
use car_mcp::proto::prompt::{GetPromptResult, PromptMessage};
use car_mcp::proto::sampling::{CreateMessageParams, SamplingMessage};
use car_mcp::server::{
    Caller, Context, Failure, NoArguments, Principal, PromptArguments, Questions, Server, ServerBuilder,
    prompt, tool,
};
use serde_json::{Value, json};

use crate::double::{all_steps, ask, meta, request};

fn form(message: &str) -> ElicitParams {
    let mut params = ElicitParams::new(message);
    params.requested_schema = Some(FormSchema::new(Members::new()));
    params
}

fn sampling() -> CreateMessageParams {
    let text = ContentBlock::text("What is the capital of France?");
    CreateMessageParams::new(vec![SamplingMessage::new(Role::USER, text)])
}

async fn three_steps(_: NoArguments, context: Context) -> Result<String, Failure> {
    let mut said = Vec::new();
    for key in ["first", "second", "third"] {
        let answer = context.elicit(key, form(key)).await?;
        let content = answer.content.unwrap_or_default();
        said.push(content.member("x").unwrap().as_str().to_owned());
    }
    Ok(said.join(" "))
}

async fn all_at_once(_: NoArguments, context: Context) -> Result<String, Failure> {
    let questions =
        Questions::new().elicit("name", form("Who?")).sample("capital", sampling()).roots("roots");
    let answers = context.ask(questions).await?;
    let roots = answers.roots("roots")?.roots.len();
    Ok(format!("{} {} {roots}", answers.elicited("name")?.action, answers.sampled("capital")?.model))
}

async fn counts(_: NoArguments, context: Context) -> Result<String, Failure> {
    let rounds: u32 = context.state()?.unwrap_or_default();
    context.keep(&(rounds + 1))?;
    context.elicit(&format!("round{rounds}"), form("Again?")).await?;
    Ok(format!("never after {rounds}"))
}

async fn confused(_: NoArguments, context: Context) -> Result<String, Failure> {
    context.elicit("key", form("Delete one?")).await?;
    context.elicit("key", form("Delete all?")).await?;
    Ok("done".to_owned())
}

async fn by_page(_: NoArguments, context: Context) -> Result<String, Failure> {
    let mut params = ElicitParams::new("Sign in");
    params.mode = Some(ElicitationMode::URL);
    context.ask(Questions::new().elicit("page", params).elicit("form", form("Name?"))).await?;
    Ok("done".to_owned())
}

async fn asking_prompt(_: PromptArguments, context: Context) -> Result<GetPromptResult, Failure> {
    context.elicit("who", form("Who?")).await?;
    Ok(GetPromptResult::new(vec![PromptMessage::new(Role::USER, ContentBlock::text("hello"))]))
}

fn builder() -> ServerBuilder {
    Server::builder(Implementation::new("example"))
        .tool(tool("three_steps", "").run(three_steps))
        .tool(tool("all_at_once", "").run(all_at_once))
        .tool(tool("counts", "").run(counts))
        .tool(tool("confused", "").run(confused))
        .tool(tool("by_page", "").run(by_page))
        .prompt(prompt("asking", "").run(asking_prompt))
}

fn server() -> Server {
    builder().build().unwrap()
}

/// Calls a tool for a client that can do everything but URLs, with what an earlier round adds.
async fn call(server: &Server, name: &str, more: Value) -> Value {
    let mut params = json!({
        "name": name,
        "_meta": meta(json!({"elicitation": {}, "sampling": {}, "roots": {}})),
    });
    for (name, value) in more.as_object().unwrap() {
        params[name] = value.clone();
    }
    ask(server, "tools/call", params).await
}

fn keys(response: &Value) -> Vec<&str> {
    let requests = response["result"]["inputRequests"].as_object();
    requests.unwrap_or_else(|| panic!("no round: {response}")).keys().map(String::as_str).collect()
}

fn yes(x: u32) -> Value {
    json!({"action": "accept", "content": {"x": x}})
}

#[tokio::test]
async fn v19_a_handler_goes_on_where_its_questions_are_answered() {
    let server = server();
    let first = call(&server, "three_steps", json!({})).await;
    assert_eq!(first["result"]["resultType"], "input_required");
    assert_eq!(keys(&first), ["first"]);
    assert_eq!(first["result"]["inputRequests"]["first"]["method"], "elicitation/create");
    assert!(first["result"].get("requestState").is_none(), "there is nothing to keep yet");
    assert!(first["result"].get("ttlMs").is_none());
    let second = call(&server, "three_steps", json!({"inputResponses": {"first": yes(1)}})).await;
    assert_eq!(keys(&second), ["second"]);
    let state = &second["result"]["requestState"];
    let third =
        call(&server, "three_steps", json!({"inputResponses": {"second": yes(2)}, "requestState": state}))
            .await;
    assert_eq!(keys(&third), ["third"]);
    assert_ne!(&third["result"]["requestState"], state);
    let state = &third["result"]["requestState"];
    let last =
        call(&server, "three_steps", json!({"inputResponses": {"third": yes(3)}, "requestState": state}))
            .await;
    assert_eq!(last["result"]["content"][0]["text"], "1 2 3");
    assert_eq!(last["result"]["resultType"], "complete");
}

#[tokio::test]
async fn v19_only_what_is_open_is_asked_again_and_what_nobody_asked_is_ignored() {
    let server = server();
    let first = call(&server, "all_at_once", json!({})).await;
    assert_eq!(keys(&first), ["capital", "name", "roots"]);
    let given =
        json!({"name": {"action": "decline"}, "other": 7, "capital": null, "roots": {"roots": "none"}});
    let second = call(&server, "all_at_once", json!({"inputResponses": given})).await;
    assert_eq!(keys(&second), ["capital", "roots"]);
    let given = json!({
        "name": {"action": "accept"},
        "capital": {"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"},
        "roots": {"roots": [{"uri": "file:///a"}]},
    });
    let state = second["result"]["requestState"].clone();
    let last = call(&server, "all_at_once", json!({"inputResponses": given, "requestState": state})).await;
    assert_eq!(last["result"]["content"][0]["text"], "decline m 1", "an answer that was taken stays");
}

#[tokio::test]
async fn v19_an_answer_of_another_shape_is_asked_for_again() {
    let server = server();
    for answer in
        [json!(null), json!(7), json!([]), json!({}), json!({"action": "perhaps"}), json!({"action": 1})]
    {
        let again = call(&server, "three_steps", json!({"inputResponses": {"first": answer}})).await;
        assert_eq!(keys(&again), ["first"], "{answer}");
    }
    let refused = call(&server, "three_steps", json!({"inputResponses": []})).await;
    assert_eq!(refused["error"]["code"], -32602);
}

#[tokio::test]
async fn v13_a_client_that_cannot_be_asked_is_told_what_it_lacks() {
    let server = server();
    for (offered, name, lacking) in [
        (json!({}), "three_steps", json!({"elicitation": {}})),
        (json!({"elicitation": {"url": {}}}), "three_steps", json!({"elicitation": {}})),
        (json!({"elicitation": {}}), "all_at_once", json!({"sampling": {}, "roots": {}})),
        (json!({"elicitation": {}}), "by_page", json!({"elicitation": {"url": {}}})),
        (json!({}), "by_page", json!({"elicitation": {"form": {}, "url": {}}})),
    ] {
        let response =
            ask(&server, "tools/call", json!({"name": name, "_meta": meta(offered.clone())})).await;
        assert_eq!(response["error"]["code"], -32021, "{offered} {name}");
        assert_eq!(response["error"]["data"]["requiredCapabilities"], lacking, "{offered} {name}");
    }
}

#[tokio::test]
async fn what_a_handler_keeps_comes_back_and_changes_each_round() {
    let server = server();
    let mut more = json!({});
    let mut states = Vec::new();
    for round in 0..4 {
        let response = call(&server, "counts", more).await;
        assert_eq!(keys(&response), [format!("round{round}")]);
        let state = response["result"]["requestState"].clone();
        assert!(!states.contains(&state));
        more = json!({"requestState": state});
        states.push(state);
    }
}

#[tokio::test]
async fn v19_a_state_that_was_changed_borrowed_or_kept_too_long_is_refused() {
    let key = [5; 32];
    let server = builder().state_key(key).build().unwrap();
    let state = call(&server, "counts", json!({})).await["result"]["requestState"].clone();
    let same_key = builder().state_key(key).build().unwrap();
    let response = call(&same_key, "counts", json!({"requestState": state})).await;
    assert_eq!(keys(&response), ["round1"], "processes that share a key share states");
    let changed = format!("{}A", state.as_str().unwrap());
    for (server, name, state) in [
        (&server, "counts", json!(changed)),
        (&server, "counts", json!("")),
        (&server, "counts", json!(7)),
        (&server, "three_steps", state.clone()),
        (&self::server(), "counts", state.clone()),
    ] {
        let response = call(server, name, json!({"requestState": state})).await;
        assert_eq!(response["error"]["code"], -32602, "{name} {state}");
    }
    let hasty = builder().state_key(key).state_lifetime(Duration::ZERO).build().unwrap();
    let state = call(&hasty, "counts", json!({})).await["result"]["requestState"].clone();
    let response = call(&hasty, "counts", json!({"requestState": state})).await;
    assert!(response["error"]["message"].as_str().unwrap().contains("expired"), "{response}");
}

#[tokio::test]
async fn v19_a_state_belongs_to_who_made_the_request() {
    let server = server();
    let as_principal = |principal: &str, more: Value| {
        let mut params = json!({"name": "counts", "_meta": meta(json!({"elicitation": {}}))});
        params["requestState"] = more;
        let mut caller = Caller::anonymous();
        caller.principal = Some(Principal::new(principal).into());
        all_steps(server.answer(request("tools/call", params), caller))
    };
    let (_, first) = as_principal("ada", Value::Null).await;
    let state = first["result"]["requestState"].clone();
    let (_, other) = as_principal("eve", state.clone()).await;
    assert_eq!(other["error"]["code"], -32602);
    let (_, same) = as_principal("ada", state).await;
    assert_eq!(keys(&same), ["round1"]);
}

#[tokio::test]
async fn one_key_for_two_questions_is_the_servers_own_fault() {
    let response = call(&server(), "confused", json!({"inputResponses": {"key": yes(1)}})).await;
    assert_eq!(response["error"]["code"], -32603);
    assert!(response["error"]["message"].as_str().unwrap().contains("\"key\""));
}

#[tokio::test]
async fn a_prompt_asks_like_a_tool() {
    let server = server();
    let offered = meta(json!({"elicitation": {"form": {}}}));
    let first = ask(&server, "prompts/get", json!({"name": "asking", "_meta": offered})).await;
    assert_eq!(keys(&first), ["who"]);
    let params = json!({"name": "asking", "_meta": offered, "inputResponses": {"who": {"action": "accept"}}});
    let last = ask(&server, "prompts/get", params).await;
    assert_eq!(last["result"]["messages"][0]["content"]["text"], "hello");
}
