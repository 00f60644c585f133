//! The checks of the specification, one header or member wrong at a time, and their order.

use bytes::Bytes;
use car_mcp_http::server::LegacyMode;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::serving::{MODERN, Reply, Serving, call, message, modern};

/// Sets headers of a request; nothing takes one away, and a second value stands beside the first.
fn with_headers(
    mut request: Request<Full<Bytes>>,
    headers: &[(&'static str, Option<&'static str>)],
) -> Request<Full<Bytes>> {
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        match value {
            Some(value) => drop(request.headers_mut().append(name, HeaderValue::from_static(value))),
            None => drop(request.headers_mut().remove(name)),
        }
    }
    request
}

/// Replaces headers.
fn set(request: Request<Full<Bytes>>, headers: &[(&'static str, &'static str)]) -> Request<Full<Bytes>> {
    headers
        .iter()
        .fold(request, |request, (name, value)| with_headers(request, &[(name, None), (name, Some(value))]))
}

fn body(mut request: Request<Full<Bytes>>, body: &Value) -> Request<Full<Bytes>> {
    *request.body_mut() = Full::from(body.to_string());
    request
}

fn assert_refused(reply: &Reply, status: u16, code: i64, case: &str) {
    assert_eq!((reply.status.as_u16(), reply.code()), (status, Some(code)), "{case}: {}", reply.json());
    assert_eq!(reply.json()["id"], 7, "{case}: the id is echoed");
}

#[tokio::test]
async fn v09_the_version_header_is_there_once_and_repeats_the_body() {
    let serving = Serving::plain().await;
    let list = || modern("tools/list", None, json!({}));
    let version = "mcp-protocol-version";
    for (case, request, code) in [
        ("none", with_headers(list(), &[(version, None)]), -32020),
        ("twice", with_headers(list(), &[(version, Some(MODERN))]), -32020),
        ("older", set(list(), &[(version, "2025-11-25")]), -32020),
        ("nonsense", set(list(), &[(version, "v999.0.0")]), -32020),
        ("empty", set(list(), &[(version, "")]), -32020),
    ] {
        assert_refused(&serving.send(request).await, 400, code, case);
    }
    let padded = set(list(), &[(version, " 2026-07-28 ")]);
    assert_eq!(serving.send(padded).await.status, StatusCode::OK);
}

#[tokio::test]
async fn v09_a_revision_that_is_not_spoken_is_answered_with_those_that_are() {
    let serving = Serving::plain().await;
    for asked in ["v999.0.0", "2027-01-01", "2025-11-25"] {
        let meta = json!({"_meta": {
            "io.modelcontextprotocol/protocolVersion": asked,
            "io.modelcontextprotocol/clientCapabilities": {},
        }});
        let mut request = modern("tools/list", None, meta);
        request.headers_mut().insert("mcp-protocol-version", HeaderValue::from_static(asked));
        let reply = serving.send(request).await;
        assert_refused(&reply, 400, -32022, asked);
        let data = &reply.json()["error"]["data"];
        assert_eq!(data, &json!({"supported": [MODERN], "requested": asked}));
    }
}

#[tokio::test]
async fn v10_meta_is_complete() {
    let serving = Serving::plain().await;
    for (case, params) in [
        ("no _meta", json!({})),
        ("no version", json!({"_meta": {"io.modelcontextprotocol/clientCapabilities": {}}})),
        ("no capabilities", json!({"_meta": {"io.modelcontextprotocol/protocolVersion": MODERN}})),
    ] {
        let text = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": params});
        let reply = serving.send(body(modern("tools/list", None, json!({})), &text)).await;
        assert_refused(&reply, 400, -32602, case);
    }
    let text = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/list"});
    let reply = serving.send(body(modern("tools/list", None, json!({})), &text)).await;
    assert_refused(&reply, 400, -32602, "no params");
}

#[tokio::test]
async fn v11_method_and_name_are_repeated() {
    let serving = Serving::plain().await;
    let echo = || call("echo", json!({"text": "hi"}));
    for (case, request) in [
        ("no method", with_headers(echo(), &[("mcp-method", None)])),
        ("another method", set(echo(), &[("mcp-method", "tools/list")])),
        ("another case", set(echo(), &[("mcp-method", "Tools/call")])),
        ("method twice", with_headers(echo(), &[("mcp-method", Some("tools/call"))])),
        ("no name", with_headers(echo(), &[("mcp-name", None)])),
        ("another name", set(echo(), &[("mcp-name", "wait")])),
        ("another case of the name", set(echo(), &[("mcp-name", "Echo")])),
        ("name twice", with_headers(echo(), &[("mcp-name", Some("echo"))])),
        ("two names", with_headers(echo(), &[("mcp-name", Some("wait"))])),
        ("base64 without padding", set(echo(), &[("mcp-name", "=?base64?ZWNobw?=")])),
        ("base64 of something else", set(echo(), &[("mcp-name", "=?base64?d2FpdA==?=")])),
        ("half a marker", set(echo(), &[("mcp-name", "=?base64?ZWNobw==")])),
    ] {
        assert_refused(&serving.send(request).await, 400, -32020, case);
    }
    for name in ["echo", " echo ", "=?base64?ZWNobw==?="] {
        let reply = serving.send(set(echo(), &[("mcp-name", name)])).await;
        assert_eq!(reply.status, StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn v11_arguments_are_repeated_where_the_tool_says_so() {
    let serving = Serving::plain().await;
    let region = |value: Value| call("echo", json!({"text": "hi", "region": value}));
    let count = |value: Value| call("echo", json!({"text": "hi", "count": value}));
    for (case, request) in [
        ("no header", region(json!("eu"))),
        ("another value", set(region(json!("eu")), &[("mcp-param-region", "us")])),
        (
            "a header without its argument",
            set(call("echo", json!({"text": "hi"})), &[("mcp-param-region", "eu")]),
        ),
        ("a header beside null", set(region(json!(null)), &[("mcp-param-region", "null")])),
        ("bad base64", set(region(json!("eu")), &[("mcp-param-region", "=?base64?ZXU?=")])),
        (
            "twice",
            with_headers(
                region(json!("eu")),
                &[("mcp-param-region", Some("eu")), ("mcp-param-region", Some("eu"))],
            ),
        ),
        ("another number", set(count(json!(42)), &[("mcp-param-count", "43")])),
    ] {
        assert_refused(&serving.send(request).await, 400, -32020, case);
    }
    for (case, request) in [
        ("the same", set(region(json!("eu")), &[("mcp-param-region", "eu")])),
        ("encoded", set(region(json!("ü")), &[("mcp-param-region", "=?base64?w7w=?=")])),
        ("null", region(json!(null))),
        ("as a number", set(count(json!(42)), &[("mcp-param-count", "42.0")])),
        (
            "one that the tool does not know",
            set(call("echo", json!({"text": "hi"})), &[("mcp-param-other", "x")]),
        ),
    ] {
        let reply = serving.send(request).await;
        assert_eq!(reply.status, StatusCode::OK, "{case}: {}", reply.json());
        assert_eq!(reply.json()["result"]["content"][0]["text"], "hi", "{case}");
    }
}

#[tokio::test]
async fn v12_methods_that_are_unknown_or_were_removed_are_not_found() {
    let serving = Serving::plain().await;
    for method in ["nothing", "initialize", "ping", "logging/setLevel", "resources/subscribe", "prompts/list"]
    {
        assert_refused(&serving.send(modern(method, None, json!({}))).await, 404, -32601, method);
    }
}

#[tokio::test]
async fn v24_the_first_check_that_fails_is_the_one_that_is_told() {
    let serving = Serving::plain().await;
    let incomplete =
        json!({"_meta": {"io.modelcontextprotocol/protocolVersion": "v999.0.0"}, "name": "echo"});
    let request = || set(modern("nothing", None, json!({})), &[("mcp-method", "other")]);
    let text = |params: Value| message("nothing", params);
    for (case, request, code) in [
        (
            "header before _meta",
            with_headers(body(request(), &text(incomplete.clone())), &[("mcp-protocol-version", None)]),
            -32020,
        ),
        ("_meta before its version", body(request(), &text(incomplete)), -32602),
        ("method header before method", request(), -32020),
        ("method", set(request(), &[("mcp-method", "nothing")]), -32601),
    ] {
        let status = if code == -32601 { 404 } else { 400 };
        assert_refused(&serving.send(request).await, status, code, case);
    }
}

#[tokio::test]
async fn bodies_that_are_no_message_are_refused() {
    let serving = Serving::plain().await;
    for (text, code) in [
        ("{", -32700),
        ("", -32700),
        ("hello", -32700),
        ("{}", -32600),
        ("7", -32600),
        ("null", -32600),
        (r#"{"jsonrpc":"1.0","id":7,"method":"tools/list"}"#, -32600),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":7,"method":"tools/list"}]"#, -32600),
        (r#"{"jsonrpc":"2.0","id":7,"result":{}}"#, -32600),
    ] {
        let mut request = modern("tools/list", None, json!({}));
        *request.body_mut() = Full::from(text);
        let reply = serving.send(request).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, Some(code)), "{text}");
    }
}

#[tokio::test]
async fn v04_a_notification_is_accepted_without_a_body_or_refused() {
    let serving = Serving::plain().await;
    let text = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}});
    let reply = serving.send(body(modern("notifications/cancelled", None, json!({})), &text)).await;
    assert_eq!((reply.status, &*reply.body), (StatusCode::ACCEPTED, &b""[..]));
    let future =
        set(modern("notifications/cancelled", None, json!({})), &[("mcp-protocol-version", "2027-01-01")]);
    let reply = serving.send(body(future, &text)).await;
    assert_eq!((reply.status, reply.code()), (StatusCode::BAD_REQUEST, Some(-32022)));
}

#[tokio::test]
async fn media_types_that_are_not_spoken_are_refused() {
    let serving = Serving::plain().await;
    let list = || modern("tools/list", None, json!({}));
    for (request, status) in [
        (set(list(), &[("content-type", "text/plain")]), 415),
        (with_headers(list(), &[("content-type", None)]), 415),
        (set(list(), &[("content-type", "application/json; charset=utf-8")]), 200),
        (set(list(), &[("accept", "text/html")]), 406),
        (set(list(), &[("accept", "*/*")]), 200),
    ] {
        assert_eq!(serving.send(request).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_server_without_the_legacy_era_tells_old_clients_what_it_speaks() {
    let serving = Serving::described(|builder| builder.legacy(LegacyMode::Off)).await;
    let text = json!({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"},
    }});
    let request = with_headers(
        modern("initialize", None, json!({})),
        &[("mcp-protocol-version", None), ("mcp-method", None)],
    );
    let reply = serving.send(body(request, &text)).await;
    assert_refused(&reply, 400, -32022, "initialize");
    assert_eq!(reply.json()["error"]["data"]["supported"], json!([MODERN]));
}
