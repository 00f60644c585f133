//! What a modern request has to say of itself (V10), methods that there are not (V12), capabilities (V13).

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::lines::{Wire, hear, meta, serve};
use crate::serving::{MODERN, read_to_end};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const INFO: &str = "io.modelcontextprotocol/clientInfo";
const LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// A request with these parameters, or without.
fn list(params: Option<Value>) -> Wire {
    let mut body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list"});
    if let Some(params) = params {
        body["params"] = params;
    }
    Wire::post(body.to_string()).named("tools/list", None)
}

/// A request whose `_meta` is right but for one member.
fn saying(member: &str, value: Option<Value>) -> Wire {
    let mut meta = meta(json!({}));
    match value {
        Some(value) => meta[member] = value,
        None => drop(meta.as_object_mut().unwrap().remove(member)),
    }
    list(Some(json!({"_meta": meta})))
}

#[tokio::test]
async fn v10_meta() {
    let serving = serve().await;
    for (case, wire) in [
        ("V10.1 no params", list(None)),
        ("V10.2 params are null", list(Some(json!(null)))),
        ("V10.3 params are an array", list(Some(json!([])))),
        ("V10.4 params are a string", list(Some(json!("x")))),
        ("V10.5 no _meta", list(Some(json!({})))),
        ("V10.6 _meta is null", list(Some(json!({"_meta": null})))),
        ("V10.7 _meta is an array", list(Some(json!({"_meta": []})))),
        ("V10.8 _meta is a string", list(Some(json!({"_meta": "x"})))),
        ("V10.9 _meta is empty", list(Some(json!({"_meta": {}})))),
        ("V10.10 no revision", saying(VERSION, None)),
        ("V10.11 the revision is null", saying(VERSION, Some(json!(null)))),
        ("V10.12 the revision is a number", saying(VERSION, Some(json!(20_260_728)))),
        ("V10.13 the revision is an array", saying(VERSION, Some(json!([MODERN])))),
        ("V10.14 no capabilities", saying(CAPABILITIES, None)),
        ("V10.15 capabilities are null", saying(CAPABILITIES, Some(json!(null)))),
        ("V10.16 capabilities are an array", saying(CAPABILITIES, Some(json!(["roots"])))),
        ("V10.17 capabilities are a string", saying(CAPABILITIES, Some(json!("roots")))),
        ("V10.18 capabilities are true", saying(CAPABILITIES, Some(json!(true)))),
        ("V10.19 a capability is a string", saying(CAPABILITIES, Some(json!({"elicitation": "form"})))),
        ("V10.20 the client is a string", saying(INFO, Some(json!("me")))),
        ("V10.21 the client is an array", saying(INFO, Some(json!([])))),
        ("V10.22 the client has no name", saying(INFO, Some(json!({"version": "1"})))),
        ("V10.23 the client's name is a number", saying(INFO, Some(json!({"name": 1, "version": "1"})))),
        ("V10.24 the log level is none", saying(LEVEL, Some(json!("loud")))),
        ("V10.25 the log level is a number", saying(LEVEL, Some(json!(3)))),
        ("V10.26 the progress token is true", saying("progressToken", Some(json!(true)))),
        ("V10.27 the progress token is an object", saying("progressToken", Some(json!({})))),
        ("V10.28 the progress token is a fraction", saying("progressToken", Some(json!(1.5)))),
    ] {
        wire.send(&serving).await.assert_refused(case, 400, -32602, &json!(7));
    }
    for (case, wire) in [
        ("V10.29 the client does not say who it is", saying(INFO, None)),
        ("V10.30 the client says who it is", saying(INFO, Some(json!({"name": "me", "version": "1"})))),
        ("V10.31 capabilities that nobody knows", saying(CAPABILITIES, Some(json!({"x": {"y": 1}})))),
        ("V10.32 members that nobody knows", saying("example.com/x", Some(json!([1, null])))),
    ] {
        let heard = wire.send(&serving).await;
        assert_eq!((heard.status, heard.json()["id"].clone()), (200, json!(7)), "{case}: {heard:?}");
        assert!(heard.json()["result"]["tools"].is_array(), "{case}");
    }
}

#[tokio::test]
async fn v12_methods_that_there_are_not() {
    let serving = serve().await;
    for method in [
        "V12.1 nothing",
        "V12.2 initialize",
        "V12.3 ping",
        "V12.4 logging/setLevel",
        "V12.5 resources/subscribe",
        "V12.6 resources/unsubscribe",
        "V12.7 tasks/list",
        "V12.8 tasks/result",
        "V12.9 roots/list",
        "V12.10 sampling/createMessage",
        "V12.11 elicitation/create",
        "V12.12 prompts/list",
        "V12.13 Tools/list",
        "V12.14 tools/list/",
        "V12.15 server/Discover",
    ] {
        let (_, name) = method.split_once(' ').unwrap();
        let wire = Wire::modern(name, None, json!({}));
        wire.send(&serving).await.assert_refused(method, 404, -32601, &json!(7));
    }
    // Those that are about something by name, where there is nothing of the kind.
    for (case, method, member) in [
        ("V12.16", "prompts/get", "name"),
        ("V12.17", "resources/read", "uri"),
        ("V12.18", "tasks/get", "taskId"),
    ] {
        let wire = Wire::modern(method, Some("x"), json!({member: "x"}));
        wire.send(&serving).await.assert_refused(case, 404, -32601, &json!(7));
    }
}

#[tokio::test]
async fn v13_a_capability_counts_for_the_request_that_declares_it() {
    let serving = serve().await;
    let ask = |capabilities: Value| {
        Wire::modern("tools/call", Some("ask"), json!({"name": "ask", "_meta": meta(capabilities)}))
    };
    let lacking = json!({"requiredCapabilities": {"elicitation": {}}});
    for (case, offered) in [
        ("V13.1 none", json!({})),
        ("V13.2 another", json!({"sampling": {}})),
        ("V13.3 another way of it", json!({"elicitation": {"url": {}}})),
    ] {
        let heard = ask(offered).send(&serving).await;
        heard.assert_refused(case, 400, -32021, &json!(7));
        assert_eq!(heard.json()["error"]["data"], lacking, "{case}");
    }
    let mut socket = serving.connect().await;
    let both = [ask(json!({"elicitation": {}})), ask(json!({})).with("Connection", "close")];
    for wire in both {
        socket.write_all(&wire.bytes("POST /mcp")).await.unwrap();
    }
    let heard = hear(&read_to_end(&mut socket).await);
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].json()["result"]["resultType"], "input_required");
    heard[1].assert_refused("V13.4 declared before, on the same connection", 400, -32021, &json!(7));
    assert_eq!(heard[1].json()["error"]["data"], lacking);
}
