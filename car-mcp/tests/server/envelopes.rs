//! Texts that are no messages, and messages that contradict themselves.

use bytes::Bytes;
use car_mcp::proto::RequestId;
use car_mcp::server::{Caller, Inbound, Malformed};
use serde_json::{Value, json};

use crate::double::{all_steps, meta, read_request};

fn read(text: &[u8]) -> Result<Inbound, Malformed> {
    Inbound::read(&Bytes::copy_from_slice(text))
}

fn refusal(text: &[u8]) -> Malformed {
    match read(text) {
        Err(malformed) => malformed,
        Ok(inbound) => panic!("{} was read as {inbound:?}", String::from_utf8_lossy(text)),
    }
}

#[test]
fn text_that_is_not_json_is_a_parse_error() {
    for text in [
        &b""[..],
        b"{",
        b"nonsense",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} trailing",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}{}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}",
        b"{'jsonrpc':\"2.0\"}",
        b"[1,",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",}",
    ] {
        let malformed = refusal(text);
        assert_eq!((malformed.error.code, malformed.id), (-32700, None), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn json_that_is_no_message_is_an_invalid_request_and_keeps_its_id_where_it_has_one() {
    let known = Some(RequestId::Number(7));
    for (text, id) in [
        ("[]", None),
        (r#"[{"jsonrpc":"2.0","id":7,"method":"ping"}]"#, None),
        ("7", None),
        ("null", None),
        ("\"ping\"", None),
        ("{}", None),
        (r#"{"jsonrpc":"2.0"}"#, None),
        (r#"{"jsonrpc":"2.0","id":7}"#, known.clone()),
        (r#"{"id":7,"method":"ping"}"#, known.clone()),
        (r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, known.clone()),
        (r#"{"jsonrpc":2.0,"id":7,"method":"ping"}"#, known.clone()),
        (r#"{"jsonrpc":"2.0","id":7,"method":7}"#, known.clone()),
        (r#"{"jsonrpc":"2.0","id":7,"method":"\ud800"}"#, known.clone()),
        (r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#, known.clone()),
        (r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":""}}"#, known.clone()),
        (r#"{"jsonrpc":"2.0","id":7,"error":"oops"}"#, known.clone()),
        (r#"{"jsonrpc":"2.0","result":{}}"#, None),
        (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, None),
        (r#"{"jsonrpc":"2.0","id":7,"method":"notifications/cancelled"}"#, known.clone()),
    ] {
        let malformed = refusal(text.as_bytes());
        assert_eq!((malformed.error.code, malformed.id), (-32600, id), "{text}");
    }
}

#[test]
fn an_id_is_a_string_or_an_integer() {
    for id in ["null", "1.0", "1.5", "1e2", "true", "{}", "[]", "18446744073709551615", "1e999"] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let malformed = refusal(text.as_bytes());
        assert_eq!((malformed.error.code, malformed.id), (-32600, None), "{id}");
    }
    for (id, expected) in [
        ("0", RequestId::Number(0)),
        ("-5", RequestId::Number(-5)),
        ("9223372036854775807", RequestId::Number(i64::MAX)),
        ("\"\"", RequestId::from("")),
        ("\"1\"", RequestId::from("1")),
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let Ok(Inbound::Request(request)) = read(text.as_bytes()) else { panic!("{id}") };
        assert_eq!(*request.id(), expected);
    }
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"ping"}"#,
    ] {
        assert_eq!(refusal(text.as_bytes()).error.code, -32600, "{text}");
    }
}

#[test]
fn a_known_request_has_an_id_and_anything_else_without_one_is_a_notification() {
    for method in ["tools/call", "initialize", "server/discover", "tasks/get", "subscriptions/listen"] {
        let text = json!({"jsonrpc": "2.0", "method": method}).to_string();
        assert_eq!(refusal(text.as_bytes()).error.code, -32600, "{method}");
    }
    for method in ["notifications/initialized", "notifications/unheard/of", "vendor/event"] {
        let text = json!({"jsonrpc": "2.0", "method": method, "params": {"a": 1}}).to_string();
        let Ok(Inbound::Notification(notification)) = read(text.as_bytes()) else { panic!("{method}") };
        assert_eq!(notification.method(), method);
        assert_eq!(notification.params().unwrap().as_str(), r#"{"a":1}"#);
    }
}

#[test]
fn responses_are_told_from_requests() {
    for (text, id) in [
        (r#"{"jsonrpc":"2.0","id":"a","result":null}"#, Some(RequestId::from("a"))),
        (
            r#"{"jsonrpc":"2.0","id":3,"result":null,"error":{"code":1,"message":"no"}}"#,
            Some(RequestId::Number(3)),
        ),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"no"}}"#, None),
        (r#"{"jsonrpc":"2.0","error":{"code":1}}"#, None),
    ] {
        let Ok(Inbound::Response(response)) = read(text.as_bytes()) else { panic!("{text}") };
        assert_eq!(response.id(), id.as_ref(), "{text}");
    }
}

/// Sends parameters as they stand, and returns the code of the error.
async fn code(method: &str, params: &str) -> Value {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    let Ok(Inbound::Request(request)) = read(text.as_bytes()) else { panic!("{text}") };
    let server = crate::basics::server();
    let (_, response) = all_steps(server.answer(request, Caller::anonymous())).await;
    response["error"]["code"].clone()
}

#[tokio::test]
async fn parameters_that_are_no_object_or_ambiguous_are_refused() {
    let meta = meta(json!({})).to_string();
    for params in [
        "[]",
        "7",
        "\"x\"",
        "null",
        &format!(r#"{{"_meta":{meta},"name":"fail","name":"add"}}"#),
        &format!(r#"{{"_meta":{meta},"name":"fail","n\u0061me":"add"}}"#),
        &format!(r#"{{"_meta":{meta},"_meta":{meta},"name":"fail"}}"#),
        &format!(r#"{{"_meta":{meta},"name":"add","arguments":{{}},"arguments":{{"a":1}}}}"#),
        &format!(r#"{{"_meta":{meta},"name":"add","arguments":[1]}}"#),
        &format!(r#"{{"_meta":{meta},"name":"add","requestState":7}}"#),
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/protocolVersion":"2025-11-25","io.modelcontextprotocol/clientCapabilities":{}},"name":"fail"}"#,
    ] {
        assert_eq!(code("tools/call", params).await, -32602, "{params}");
    }
}

#[tokio::test]
async fn deep_nesting_is_answered_wherever_it_stands() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let meta = meta(json!({})).to_string();
    assert_eq!(code("tools/list", &deep).await, -32602);
    assert_eq!(code("tools/list", &format!(r#"{{"_meta":{meta},"x":{deep}}}"#)).await, Value::Null);
    assert_eq!(code("tools/list", &format!(r#"{{"_meta":{deep}}}"#)).await, -32602);
    assert_eq!(code("tools/call", &format!(r#"{{"_meta":{meta},"name":{deep}}}"#)).await, -32602);
    // The tool's own: it is told to the model.
    let params = format!(r#"{{"_meta":{meta},"name":"add","arguments":{{"a":{deep}}}}}"#);
    assert_eq!(code("tools/call", &params).await, Value::Null);
    assert_eq!(refusal(deep.as_bytes()).error.code, -32600);
    assert_eq!(refusal("[".repeat(200_000).as_bytes()).error.code, -32700);
    let unknown = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":{deep}}}"#);
    assert!(read(unknown.as_bytes()).is_ok());
}

#[test]
fn parts_are_given_as_they_came() {
    let request = read_request(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params":
        {"name": "a\"b", "arguments": {"x": [1, 2]}, "_meta": meta(json!({"roots": {}}))}}));
    assert_eq!(request.header_name().unwrap(), Some("a\"b"));
    assert_eq!(request.arguments().unwrap().as_str(), r#"{"x":[1,2]}"#);
    assert!(request.is_modern());
    let about = request.meta().unwrap();
    assert_eq!(&*about.version, "2026-07-28");
    assert!(about.client_capabilities.roots.is_some() && about.client_info.is_none());
    let request = read_request(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    assert!(!request.is_modern() && request.meta().is_err() && request.arguments().is_none());
    assert_eq!(request.header_name().unwrap(), None);
    let request = read_request(json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {}}));
    assert_eq!(request.header_name().unwrap_err().code, -32602);
}

mod arbitrary {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _read = read(&bytes);
        }

        #[test]
        fn any_arrangement_of_members_is_read_or_refused(
            members in prop::collection::vec(
                (
                    prop::sample::select(vec!["jsonrpc", "id", "method", "params", "result", "error", "x"]),
                    prop::sample::select(vec![
                        "\"2.0\"", "1", "null", "{}", "[]", "\"tools/call\"", "{\"name\":1}",
                        "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":1}}", "{\"code\":1}", "\"a\\u0062\"",
                    ]),
                ),
                0..8,
            ),
        ) {
            let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let text = format!("{{{}}}", members.join(","));
            match read(text.as_bytes()) {
                Ok(Inbound::Request(request)) => {
                    let _parts = (request.meta().is_ok(), request.header_name().is_ok(), request.arguments());
                }
                Ok(_) => {}
                Err(malformed) => prop_assert_eq!(malformed.error.code, -32600),
            }
        }
    }
}
