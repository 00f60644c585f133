//! What is passed on for other servers, in both eras, and put in place in one step.

use car_mcp::proto::RawJson;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::prompt::{Prompt, PromptArgument};
use car_mcp::proto::resource::{Resource, ResourceTemplate};
use car_mcp::proto::tool::Tool;
use car_mcp::server::legacy::Conversation;
use car_mcp::server::{
    Caller, Context, DefinitionError, Failure, Offer, Server, ServerCompletion, ServerPrompt, ServerResource,
    ServerTemplate, ServerTool,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::double::{all_steps, ask, meta, read_request, request};

fn raw(text: &str) -> RawJson {
    RawJson::from_text(text).unwrap()
}

/// A tool that answers with this text, whatever it is given.
fn tool(name: &str, schema: &str, result: &'static str) -> ServerTool {
    ServerTool::forwarded(Tool::new(name, raw(schema)), move |_, _| async move { Ok(raw(result)) })
}

fn plain(name: &str) -> ServerTool {
    tool(name, r#"{"type":"object"}"#, r#"{"content":[]}"#)
}

/// A server whose tools, prompts and resources will come.
fn empty() -> Server {
    Server::builder(Implementation::new("gate")).lists_may_grow().logging().build().unwrap()
}

fn tools(tools: impl IntoIterator<Item = ServerTool>) -> Offer {
    let mut offer = Offer::new();
    offer.tools = tools.into_iter().collect();
    offer
}

fn hello() -> Value {
    json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}})
}

fn legacy(id: u64, method: &str, params: Value) -> car_mcp::server::Request {
    read_request(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
}

async fn conversation(server: &Server) -> Conversation {
    let conversation = Conversation::begin(server);
    all_steps(conversation.request(legacy(1, "initialize", hello()), Caller::anonymous())).await;
    conversation
}

/// The text of the whole answer, in each era.
async fn texts(server: &Server, method: &str, params: Value) -> [String; 2] {
    let conversation = conversation(server).await;
    let answers = [
        conversation.request(legacy(2, method, params.clone()), Caller::anonymous()),
        server.answer(request(method, params), Caller::anonymous()),
    ];
    let mut texts = Vec::new();
    for mut exchange in answers {
        match exchange.step().await {
            Some(car_mcp::server::Step::Answer(answer)) => {
                texts.push(String::from_utf8(answer.body.to_vec()).unwrap());
            }
            other => panic!("expected an answer, found {other:?}"),
        }
    }
    texts.try_into().unwrap()
}

#[tokio::test]
async fn a_tools_result_goes_through_byte_for_byte() {
    let server = empty();
    let result = r#"{"content":[{ "type":"text", "text":"\u00e9" }], "n":1.10,"resultType":"complete","structuredContent":[ 1 ],"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"other","version":"1"},"k":{ "a" : 1 }}}"#;
    assert!(server.replace(tools([tool("t", r#"{"type":"object"}"#, result)])).is_empty());
    let [legacy, modern] = texts(&server, "tools/call", json!({"name": "t"})).await;
    assert_eq!(
        legacy,
        r#"{"jsonrpc":"2.0","id":2,"result":{"content":[{ "type":"text", "text":"\u00e9" }], "n":1.10,"_meta":{"k":{ "a" : 1 }}}}"#
    );
    assert_eq!(
        modern,
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{ "type":"text", "text":"\u00e9" }], "n":1.10,"structuredContent":[ 1 ],"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"gate","version":""},"k":{ "a" : 1 }}}}"#
    );
}

#[tokio::test]
async fn arguments_reach_whoever_runs_the_tool_byte_for_byte_and_unchecked() {
    let definition = Tool::new("t", raw(r#"{"type":"object","required":["x"]}"#));
    let echo = ServerTool::forwarded(definition, |given, _| async move {
        let given = given.expect("arguments").as_str().to_owned();
        Ok::<_, Failure>(raw(&json!({"content": [], "given": given}).to_string()))
    });
    let server = empty();
    assert!(server.replace(tools([echo])).is_empty());
    let arguments = json!({"b": 1.5, "a": [null]});
    let response = ask(&server, "tools/call", json!({"name": "t", "arguments": arguments})).await;
    assert_eq!(response["result"]["given"], arguments.to_string());
}

#[tokio::test]
async fn a_failure_of_the_way_there_is_a_failed_tool_or_an_error() {
    let failing = |name: &str, fail: fn() -> Failure| {
        ServerTool::forwarded(
            Tool::new(name, raw(r#"{"type":"object"}"#)),
            move |_, _| async move { Err(fail()) },
        )
    };
    let server = empty();
    let refused = server.replace(tools([
        failing("failed", || Failure::new("not now")),
        failing("error", || Failure::invalid_params("not so")),
    ]));
    assert!(refused.is_empty());
    for text in texts(&server, "tools/call", json!({"name": "failed"})).await {
        let response: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(response["result"]["isError"], true);
        assert_eq!(response["result"]["content"][0]["text"], "not now");
    }
    let response = ask(&server, "tools/call", json!({"name": "error"})).await;
    assert_eq!(response["error"], json!({"code": -32602, "message": "not so"}));
}

#[tokio::test]
async fn a_definition_that_can_be_served_is_served_whatever_its_schema_means() {
    let server = empty();
    let refused = server.replace(tools([
        tool("pattern", r#"{"type":"object","properties":{"a":{"pattern":"("}}}"#, "{}"),
        tool("elsewhere", r#"{"type":"object","$ref":"https://example.com/s"}"#, "{}"),
        tool("marks", r#"{"type":"object","properties":{"a":{"type":"object","x-mcp-header":"A B"}}}"#, "{}"),
        tool("untyped", r#"{"properties":{"a":{}}}"#, "{}"),
        tool("text", r#"{"type":"string"}"#, "{}"),
        plain("pattern"),
    ]));
    let refused: Vec<_> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].contains("\"text\" cannot be served"), "{refused:?}");
    assert_eq!(refused[1], "expected one tool of the name \"pattern\", found two");
    let response = ask(&server, "tools/list", json!({})).await;
    let listed: Vec<_> = response["result"]["tools"].as_array().unwrap().iter().collect();
    assert_eq!(listed.len(), 4);
    // A client that holds to the protocol would refuse the whole list without it.
    assert_eq!(listed[3]["inputSchema"], json!({"properties": {"a": {}}, "type": "object"}));
}

#[tokio::test]
async fn prompts_and_resources_go_through_byte_for_byte() {
    let mut offer = Offer::new();
    let mut prompt = Prompt::new("p");
    prompt.arguments = Some(vec![PromptArgument::new("who")]);
    offer.prompts.push(ServerPrompt::forwarded(prompt, |given, _| async move {
        let text =
            format!(r#"{{"messages":[ ],"given":{}}}"#, given.members().member("who").unwrap().as_str());
        Ok::<_, Failure>(raw(&text))
    }));
    offer.resources.push(ServerResource::forwarded(Resource::new("test://one", "one"), |_| async {
        Ok::<_, Failure>(raw(r#"{"contents":[ ],"ttlMs":7}"#))
    }));
    let many = ResourceTemplate::new("test://many{?id*}", "many");
    offer.templates.push(ServerTemplate::forwarded(many, |uri, _| async move {
        Ok::<_, Failure>(raw(&json!({"contents": [], "uri": uri}).to_string()))
    }));
    offer.completions.push(ServerCompletion::of_prompt("p", "who", |typed, _, _| async move {
        Ok::<_, Failure>(car_mcp::proto::completion::Completion::new(vec![typed]))
    }));
    offer.completions.push(ServerCompletion::of_template("test://many{?id*}", "id", |_, _, _| async {
        Ok::<_, Failure>(car_mcp::proto::completion::Completion::new(Vec::new()))
    }));
    offer.completions.push(ServerCompletion::of_prompt("other", "who", |_, _, _| async {
        Ok::<_, Failure>(car_mcp::proto::completion::Completion::new(Vec::new()))
    }));
    let server = empty();
    let refused = server.replace(offer);
    assert!(matches!(&refused[..], [DefinitionError::Invalid { kind: "completion", .. }]), "{refused:?}");

    let [old, new] =
        texts(&server, "prompts/get", json!({"name": "p", "arguments": {"who": "A\u{e9}"}})).await;
    assert_eq!(old, r#"{"jsonrpc":"2.0","id":2,"result":{"messages":[ ],"given":"Aé"}}"#);
    assert!(new.starts_with(
        r#"{"jsonrpc":"2.0","id":1,"result":{"messages":[ ],"given":"Aé","resultType":"complete","#
    ));
    let [old, new] = texts(&server, "resources/read", json!({"uri": "test://one"})).await;
    assert_eq!(old, r#"{"jsonrpc":"2.0","id":2,"result":{"contents":[ ],"ttlMs":7}}"#);
    assert!(new.starts_with(
        r#"{"jsonrpc":"2.0","id":1,"result":{"contents":[ ],"ttlMs":7,"resultType":"complete","cacheScope":"private","#
    ));
    for uri in ["test://many", "test://many?id=1"] {
        let response = ask(&server, "resources/read", json!({"uri": uri})).await;
        assert_eq!(response["result"]["uri"], uri);
        assert_eq!(response["result"]["ttlMs"], 0);
    }
    let params =
        json!({"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": "who", "value": "x"}});
    let response = ask(&server, "completion/complete", params).await;
    assert_eq!(response["result"]["completion"]["values"], json!(["x"]));
}

/// What the feed of a legacy client tells now.
fn told(feed: &mut car_mcp::server::legacy::Feed) -> Vec<String> {
    std::iter::from_fn(|| feed.message().now_or_never().flatten())
        .map(|message| {
            serde_json::from_slice::<Value>(&message).unwrap()["method"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn only_lists_that_differ_are_told() {
    let server = empty();
    let mut feed = conversation(&server).await.feed();
    let one = || ServerResource::forwarded(Resource::new("a:1", "one"), |_| async { Ok(raw("{}")) });
    let many =
        || ServerTemplate::forwarded(ResourceTemplate::new("a:{x}", "many"), |_, _| async { Ok(raw("{}")) });
    let prompt = || ServerPrompt::forwarded(Prompt::new("p"), |_, _| async { Ok(raw("{}")) });
    let offer = |names: &[&str], has_many: bool| {
        let mut offer = tools(names.iter().map(|name| plain(name)));
        offer.prompts.push(prompt());
        offer.resources.push(one());
        offer.templates.extend(has_many.then(many));
        offer
    };
    const TOOLS: &str = "notifications/tools/list_changed";
    const PROMPTS: &str = "notifications/prompts/list_changed";
    const RESOURCES: &str = "notifications/resources/list_changed";
    for (names, has_many, expected) in [
        (&["a", "b"][..], false, &[TOOLS, PROMPTS, RESOURCES][..]),
        (&["a", "b"], false, &[]),
        (&["a", "b", "c"], false, &[TOOLS]),
        (&["a", "b", "c"], true, &[RESOURCES]),
        (&["c", "a", "b"], true, &[TOOLS]),
        (&["c", "a"], true, &[TOOLS]),
        (&["c", "a"], true, &[]),
    ] {
        assert!(server.replace(offer(names, has_many)).is_empty());
        assert_eq!(told(&mut feed), expected, "{names:?}");
    }
    // The same name, otherwise defined.
    let other = tool("a", r#"{"type":"object","properties":{}}"#, "{}");
    server.replace(tools([plain("c"), other]));
    assert_eq!(told(&mut feed), [TOOLS, PROMPTS, RESOURCES]);
    // The definitions are the same, and what runs is new.
    server.replace(tools([plain("c"), tool("a", r#"{"type":"object","properties":{}}"#, r#"{"new":1}"#)]));
    assert!(told(&mut feed).is_empty());
    let response = ask(&server, "tools/call", json!({"name": "a"})).await;
    assert_eq!(response["result"]["new"], 1);
}

#[tokio::test]
async fn a_cursor_outlives_a_new_offer() {
    let server = Server::builder(Implementation::new("gate")).lists_may_grow().page_size(2).build().unwrap();
    let offer = |names: &str| tools(names.split(' ').map(plain));
    let names = |response: &Value| -> String {
        let tools = response["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    for (before, after, rest) in [
        ("a b c d", "a b c d", "c d"),
        ("a b c d", "b c d", "c d"),
        ("a b c d", "a b d e", "d e"),
        // Whoever stands behind a new one is told again rather than left out.
        ("a b c d", "a b x c d", "x c"),
        ("a b c d", "d c b a", "d c"),
        ("a b c d", "a b", ""),
    ] {
        server.replace(offer("none"));
        server.replace(offer(before));
        let first = ask(&server, "tools/list", json!({})).await;
        assert_eq!(names(&first), "a b");
        server.replace(offer(after));
        let params = json!({"cursor": first["result"]["nextCursor"]});
        assert_eq!(names(&ask(&server, "tools/list", params).await), rest, "{after}");
    }
}

#[tokio::test]
async fn a_call_under_way_goes_on_with_what_it_found() {
    let (go, waits) = tokio::sync::oneshot::channel::<()>();
    let waits = std::sync::Mutex::new(Some(waits));
    let waiting = ServerTool::forwarded(Tool::new("t", raw(r#"{"type":"object"}"#)), move |_, _| {
        let waits = waits.lock().unwrap().take();
        async move {
            waits.expect("it is called once").await?;
            Ok::<_, Failure>(raw(r#"{"content":[],"old":true}"#))
        }
    });
    let server = empty();
    server.replace(tools([waiting]));
    let mut exchange = server.answer(request("tools/call", json!({"name": "t"})), Caller::anonymous());
    assert!(exchange.step().now_or_never().is_none());
    server.replace(Offer::new());
    go.send(()).unwrap();
    assert_eq!(all_steps(exchange).await.1["result"]["old"], true);
    assert_eq!(ask(&server, "tools/call", json!({"name": "t"})).await["error"]["code"], -32602);
}

#[tokio::test]
async fn a_handler_sees_what_the_request_says() {
    let seen = |context: &Context| {
        let meta = context.request_meta();
        let names: Vec<_> = meta.iter().map(|(name, value)| format!("{name}={}", value.as_str())).collect();
        let level = context.log_level().map(|level| level.as_str().to_owned());
        json!({"content": [], "meta": names, "progress": context.wants_progress(), "level": level,
            "conversation": context.conversation().is_some(), "caller": context.caller().id()})
    };
    let looking = ServerTool::forwarded(Tool::new("t", raw(r#"{"type":"object"}"#)), move |_, context| {
        let seen = seen(&context);
        async move { Ok::<_, Failure>(raw(&seen.to_string())) }
    });
    let server = empty();
    server.replace(tools([looking]));
    let mut own = json!({"traceparent": "00-1", "progressToken": 5, "example.com/x": {"a": 1}});
    let mut modern = meta(json!({}));
    modern["io.modelcontextprotocol/logLevel"] = json!("warning");
    modern.as_object_mut().unwrap().append(&mut own.as_object().unwrap().clone());
    let response = ask(&server, "tools/call", json!({"name": "t", "_meta": modern})).await;
    let expected = json!(["traceparent=\"00-1\"", "example.com/x={\"a\":1}"]);
    let mut found = response["result"]["meta"].as_array().unwrap().clone();
    found.sort_by_key(|member| !member.as_str().unwrap().starts_with('t'));
    assert_eq!(json!(found), expected);
    assert_eq!(
        (&response["result"]["progress"], &response["result"]["level"]),
        (&json!(true), &json!("warning"))
    );
    assert_eq!(response["result"]["conversation"], false);

    let conversation = conversation(&server).await;
    own.as_object_mut().unwrap().remove("progressToken");
    let asked = legacy(3, "tools/call", json!({"name": "t", "_meta": own}));
    let response = all_steps(conversation.request(asked, Caller::anonymous())).await.1;
    assert_eq!(response["result"]["meta"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&response["result"]["progress"], &response["result"]["level"]),
        (&json!(false), &json!("info"))
    );
    assert_eq!(response["result"]["conversation"], true);
}
