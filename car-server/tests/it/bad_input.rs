//! What front ends send that makes no sense: each error names what is wrong.

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::Running;

#[tokio::test]
async fn names_what_is_wrong() {
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    let table = [
        ("connectors.nothing", json!({}), -32601, "there is no method \"connectors.nothing\""),
        ("list", json!({}), -32601, "did you mean connectors.list?"),
        ("connectors.list", json!({"all": true}), -32602, "unknown field `all`"),
        ("connectors.list", json!([]), -32602, "expected `params` to be an object"),
        ("connectors.tools", json!({}), -32602, "missing field `slug`"),
        ("connectors.tools", json!({"slug": 7}), -32602, "slug: invalid type: integer `7`"),
        ("connectors.tools", json!({"slug": "none"}), -32000, "there is no connector \"none\""),
        ("connectors.add", json!({"name": "a"}), -32602, "missing field `url`"),
        ("connectors.add", json!({"name": "a", "url": "nowhere"}), -32000, "nowhere"),
        (
            "connectors.add",
            json!({"name": "a", "url": "http://127.0.0.1:1/mcp", "headers": {"x": 1}}),
            -32602,
            "headers.x: invalid type",
        ),
        (
            "connectors.enable_tools",
            json!({"slug": "a", "tools": "some"}),
            -32602,
            "expected a list of names, or \"all\"",
        ),
        (
            "connectors.call_tool",
            json!({"slug": "a", "tool": "b", "timeout_seconds": -1}),
            -32602,
            "timeout_seconds",
        ),
        ("connectors.events.tail", json!({"limit": 0}), -32602, "limit: expected a number from 1 to 1000"),
        ("connectors.events.tail", json!({"after": "x"}), -32602, "after"),
        ("connectors.complete_authentication", json!({"state": "s"}), -32000, ""),
        ("connectors.find", json!({"need": " "}), -32000, "expected what is needed"),
        (
            "connectors.find",
            json!({"need": "mail", "limit": 0}),
            -32602,
            "limit: expected a number from 1 to 100",
        ),
        (
            "connectors.find",
            json!({"need": "mail", "limit": 1_000_000}),
            -32602,
            "limit: expected a number from 1 to 100",
        ),
        (
            "connectors.look_up",
            json!({"reference": "agentdns://a"}),
            -32000,
            "expected an organization and a name",
        ),
        (
            "connectors.sources.sync",
            json!({"seconds": 601}),
            -32602,
            "seconds: expected a number from 1 to 600",
        ),
        (
            "connectors.sources.add",
            json!({"kind": "shop", "url": "https://example.com"}),
            -32602,
            "kind: unknown variant `shop`",
        ),
        (
            "connectors.sources.add",
            json!({"kind": "root", "url": "not a url"}),
            -32000,
            "expected an http or https URL",
        ),
    ];
    for (method, params, code, part) in table {
        let answer = front.ask(method, params.clone()).await;
        let error = &answer["error"];
        assert_eq!(error["code"], code, "{method} {params}: {answer}");
        assert!(error["message"].as_str().unwrap().contains(part), "{method} {params}: {answer}");
    }
}

#[tokio::test]
async fn answers_frames_that_are_no_requests_and_goes_on() {
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.send("{".to_owned()).await;
    assert_eq!(front.read().await.unwrap()["error"]["code"], -32700);
    front.send("[]".to_owned()).await;
    let answer = front.read().await.unwrap();
    assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32600), &Value::Null));
    front.socket.send(Message::binary(vec![1_u8, 2])).await.unwrap();
    assert_eq!(front.read().await.unwrap()["error"]["code"], -32600);
    front.send(json!({"jsonrpc": "2.0", "method": "connectors.list"}).to_string()).await;
    // A notification has no answer: the next one is that of the next request.
    assert!(front.get("connectors.list", json!({})).await["connectors"].is_array());
}

#[tokio::test]
async fn ends_a_connection_whose_frame_is_too_large_and_no_other() {
    let daemon = Running::start().await;
    let (mut front, mut other) = (daemon.connect().await, daemon.connect().await);
    let large = format!("{{\"padding\":\"{}\"}}", "x".repeat(5 * 1024 * 1024));
    // It may be cut off while it is still being sent.
    drop(front.socket.send(Message::text(large)).await);
    assert_eq!(front.closed_with().await, Some(1009));
    assert!(other.get("connectors.list", json!({})).await["connectors"].is_array());
}

/// Returns a value that fits a schema, and one that fits no schema of its kind.
fn samples(schema: &Value, definitions: &Value) -> Option<(Value, Value)> {
    if let Some(reference) = schema["$ref"].as_str() {
        return samples(&definitions[reference.rsplit('/').next().unwrap()], definitions);
    }
    if let Some(all) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
        return samples(&all[0], definitions);
    }
    if let Some(constant) = schema.get("const") {
        return Some((constant.clone(), json!("nonsense")));
    }
    if let Some(values) = schema["enum"].as_array() {
        return Some((values[0].clone(), json!("nonsense")));
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str())?;
    Some(match kind {
        "string" => (json!("x"), json!(7)),
        "integer" | "number" => (json!(1), json!("x")),
        "boolean" => (json!(true), json!("x")),
        "array" => (json!([]), json!({"0": 1})),
        "object" => (json!({}), json!(7)),
        other => panic!("no sample of {other}"),
    })
}

/// Every way in which the parameters of a method can be wrong, and what the error has to say.
fn wrong_params(params: &Value, definitions: &Value) -> Vec<(Value, String)> {
    let properties = params["properties"].as_object().cloned().unwrap_or_default();
    let of = |name: &str| samples(&properties[name], definitions);
    let required: Vec<&str> =
        params["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
    let whole: Value = required
        .iter()
        .map(|name| ((*name).to_owned(), of(name).map_or_else(|| json!("x"), |sample| sample.0)))
        .collect();
    let mut all = Vec::new();
    let mut unknown = whole.clone();
    unknown["nonsense"] = json!(1);
    all.push((unknown, "unknown field `nonsense`".to_owned()));
    for name in &required {
        let mut without = whole.clone();
        without.as_object_mut().unwrap().remove(*name);
        all.push((without, format!("missing field `{name}`")));
        let mut null = whole.clone();
        null[name] = Value::Null;
        all.push((null, format!("{name}: ")));
    }
    for name in properties.keys() {
        let Some((_, wrong)) = of(name) else { continue };
        let mut with = whole.clone();
        with[name] = wrong;
        all.push((with, format!("{name}: ")));
    }
    all
}

#[tokio::test]
async fn every_method_names_the_member_that_is_missing_unknown_or_of_another_type() {
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    let reference = car_server::reference::websocket();
    let mut cases = 0;
    for (method, about) in reference["methods"].as_object().unwrap() {
        for (params, words) in wrong_params(&about["params"], &reference["$defs"]) {
            let answer = front.ask(method, params.clone()).await;
            assert_eq!(answer["error"]["code"], -32602, "{method} {params}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.starts_with(&format!("{method}: ")), "{params}: {message}");
            assert!(message.contains(&words), "{params}: expected {words:?}, found {message}");
            cases += 1;
        }
    }
    assert!(cases > 150, "only {cases} cases: the reference has lost its members");
}
