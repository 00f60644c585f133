//! What each request says in its headers.

use car_http::{HeaderName, HeaderValue, Target};
use car_mcp::CallOptions;
use car_mcp::transport::TransportError;
use car_mcp_http::HttpTransport;

use crate::server::{DONE, builder, call, call_with, client, legacy, modern, plain};

#[tokio::test]
async fn a_modern_request_repeats_its_method_name_and_revision() {
    let server = modern(|seen| async move { seen.answer(DONE) }).await;
    let session = server.connect().await;
    for (tool, header) in [
        ("echo", "echo"),
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
    ] {
        call_with(&session, tool, "{}", &CallOptions::new()).await.unwrap();
        let seen = server.of("tools/call").pop().unwrap();
        assert_eq!(seen.verb, "POST");
        assert_eq!(seen.header("mcp-name"), Some(header));
        assert_eq!(seen.header("mcp-method"), Some("tools/call"));
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(seen.header("accept"), Some("application/json, text/event-stream"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.header("mcp-session-id"), None);
    }
    let probe = &server.of("server/discover")[0];
    assert_eq!(probe.header("mcp-method"), Some("server/discover"));
    assert_eq!(probe.header("mcp-name"), None);
}

#[tokio::test]
async fn marked_arguments_are_repeated() {
    let tools = r#"{"tools":[{"name":"t","inputSchema":{"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "deep":{"type":"object","properties":{"count":{"type":"integer","x-mcp-header":"Count"}}}}}}]}"#;
    let server = modern(move |seen| async move {
        match seen.method().as_str() {
            "tools/list" => seen.answer(tools),
            _ => seen.answer(DONE),
        }
    })
    .await;
    let session = server.connect().await;
    drop(session.list_tools().await.unwrap());
    let arguments = r#"{"region":"日本","deep":{"count":7}}"#;
    call_with(&session, "t", arguments, &CallOptions::new()).await.unwrap();
    let seen = server.of("tools/call").pop().unwrap();
    assert_eq!(seen.header("mcp-param-region"), Some("=?base64?5pel5pys?="));
    assert_eq!(seen.header("mcp-param-count"), Some("7"));
}

#[tokio::test]
async fn a_legacy_request_says_its_session_and_revision_and_nothing_modern() {
    let server = legacy(|seen| async move {
        match seen.verb.as_str() {
            "DELETE" => plain(200, "", ""),
            _ => seen.answer(DONE),
        }
    })
    .await;
    let session = server.connect().await;
    call(&session).await.unwrap();
    session.close().await;
    let initialize = &server.of("initialize")[0];
    assert_eq!(initialize.header("mcp-session-id"), None);
    assert_eq!(initialize.header("mcp-protocol-version"), None);
    for method in ["notifications/initialized", "tools/call", "DELETE"] {
        let seen = &server.of(method)[0];
        assert_eq!(seen.header("mcp-session-id"), Some("s-1"), "{method}");
        assert_eq!(seen.header("mcp-protocol-version"), Some("2025-11-25"), "{method}");
        assert_eq!(seen.header("mcp-method"), None, "{method}");
    }
}

#[tokio::test]
async fn headers_of_the_user_are_sent_and_those_of_the_protocol_are_not_theirs() {
    let server = modern(|seen| async move { seen.answer(DONE) }).await;
    let builder_of = || HttpTransport::builder(client(), Target::parse(&server.url()).unwrap());
    let key = HeaderValue::from_static("secret");
    let transport = builder_of().header(HeaderName::from_static("x-api-key"), key.clone()).unwrap().build();
    let session = builder().connect(transport).await.unwrap();
    call(&session).await.unwrap();
    assert!(server.all().iter().all(|seen| seen.header("x-api-key") == Some("secret")));
    for name in ["accept", "content-type", "host", "content-length", "mcp-session-id", "mcp-param-x"] {
        let error = builder_of().header(HeaderName::from_static(name), key.clone()).unwrap_err();
        assert!(matches!(error, TransportError::Misconfigured { .. }), "{name}");
    }
}
