//! The double, in both eras.

use car_testkit::double::{Config, Double, Era};
use serde_json::json;

use crate::wire::{legacy_call, modern, open_session, send};

async fn server(change: impl FnOnce(&mut Config)) -> Double {
    let mut config = Config::default();
    change(&mut config);
    Double::start(config).await.unwrap()
}

#[tokio::test]
async fn answers_a_modern_call() {
    let server = server(|_| {}).await;
    let got =
        modern(&server.url(), "tools/call", json!({ "name": "echo", "arguments": { "message": "hi" } }))
            .await;
    assert_eq!(got.status, 200);
    let result = &got.json()["result"];
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["content"][0]["text"], "hi");
    assert_eq!(server.ledger().method("tools/call"), 1);
}

#[tokio::test]
async fn gives_lists_a_lifetime_and_a_scope() {
    let server = server(|_| {}).await;
    for method in
        ["server/discover", "tools/list", "prompts/list", "resources/list", "resources/templates/list"]
    {
        let result = modern(&server.url(), method, json!({})).await.json()["result"].clone();
        assert_eq!(result["ttlMs"], 60_000, "{method}");
        assert_eq!(result["cacheScope"], "public", "{method}");
    }
}

#[tokio::test]
async fn refuses_headers_that_differ_from_the_body() {
    let server = server(|_| {}).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "_meta": meta } }).to_string();
    let cases: [&[(&str, &str)]; 3] = [
        &[("Mcp-Method", "tools/list")],
        &[("MCP-Protocol-Version", "2026-07-28")],
        &[("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call")],
    ];
    for headers in cases {
        let got = send("POST", &server.url(), headers, &body).await;
        assert_eq!((got.status, got.json()["error"]["code"].as_i64()), (400, Some(-32020)), "{headers:?}");
    }
}

#[tokio::test]
async fn names_the_versions_it_speaks() {
    let server = server(|config| config.era = Era::Modern).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2099-01-01",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": { "_meta": meta } });
    let headers = [("MCP-Protocol-Version", "2099-01-01"), ("Mcp-Method", "server/discover")];
    let got = send("POST", &server.url(), &headers, &body.to_string()).await;
    assert_eq!(got.status, 400);
    assert_eq!(got.json()["error"]["code"], -32022);
    assert_eq!(
        got.json()["error"]["data"],
        json!({ "supported": ["2026-07-28"], "requested": "2099-01-01" })
    );
}

#[tokio::test]
async fn asks_again_until_the_question_is_answered() {
    let server = server(|_| {}).await;
    let meta = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    let first = modern(&server.url(), "tools/call", json!({ "name": "elicit", "_meta": meta })).await.json();
    assert_eq!(first["result"]["resultType"], "input_required");
    assert_eq!(first["result"]["inputRequests"]["answer"]["method"], "elicitation/create");
    let answer = json!({ "action": "accept", "content": { "name": "Ada" } });
    let retry = json!({
        "name": "elicit",
        "_meta": meta,
        "inputResponses": { "answer": answer },
        "requestState": first["result"]["requestState"],
    });
    let second = modern(&server.url(), "tools/call", retry).await.json();
    assert_eq!(second["result"]["content"][0]["text"], "Hello, Ada!");
    let without = modern(&server.url(), "tools/call", json!({ "name": "elicit" })).await;
    assert_eq!((without.status, without.json()["error"]["code"].as_i64()), (400, Some(-32021)));
}

#[tokio::test]
async fn pages_the_tools() {
    let server = server(|config| config.page_size = Some(5)).await;
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let params = cursor.map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
        let page = modern(&server.url(), "tools/list", params).await.json();
        let tools = page["result"]["tools"].as_array().unwrap().clone();
        names.extend(tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()));
        let Some(next) = page["result"]["nextCursor"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    assert_eq!(names.len(), 14);
    assert_eq!(names.first().map(String::as_str), Some("echo"));
}

#[tokio::test]
async fn forgets_sessions_on_restart() {
    let mut server = server(|_| {}).await;
    let session = open_session(&server.url(), "2025-11-25").await;
    assert_eq!(legacy_call(&server.url(), &session, "echo", json!({ "message": "a" })).await.status, 200);
    server.restart().await.unwrap();
    assert_eq!(legacy_call(&server.url(), &session, "echo", json!({ "message": "a" })).await.status, 404);
}

#[tokio::test]
async fn streams_progress_before_the_answer() {
    let server = server(|_| {}).await;
    let session = open_session(&server.url(), "2025-11-25").await;
    let got = legacy_call(&server.url(), &session, "progress", json!({ "steps": 3 })).await;
    let messages = got.messages();
    assert_eq!(messages.len(), 4);
    assert_eq!(messages[2]["params"]["progress"], 3);
    assert_eq!(messages[3]["id"], 2);
}

#[tokio::test]
async fn delivers_on_resume_what_a_lost_stream_missed() {
    let server = server(|_| {}).await;
    let session = open_session(&server.url(), "2025-11-25").await;
    let lost = legacy_call(&server.url(), &session, "drop_stream", json!({})).await;
    assert!(lost.messages().is_empty());
    assert!(lost.body.contains("retry: 50"));
    let headers = [("Mcp-Session-Id", session.as_str()), ("Last-Event-ID", &lost.last_event_id())];
    let resumed = send("GET", &server.url(), &headers, "").await;
    assert_eq!(resumed.messages()[0]["id"], 2);
}

#[tokio::test]
async fn ends_a_session_on_delete() {
    let server = server(|_| {}).await;
    let session = open_session(&server.url(), "2025-06-18").await;
    assert_eq!(send("DELETE", &server.url(), &[("Mcp-Session-Id", &session)], "").await.status, 204);
    assert_eq!(legacy_call(&server.url(), &session, "echo", json!({})).await.status, 404);
}

#[tokio::test]
async fn answers_a_batch_in_the_revision_that_has_them() {
    let server = server(|_| {}).await;
    let session = open_session(&server.url(), "2025-03-26").await;
    let ping = |id| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
    let body =
        json!([ping(1), { "jsonrpc": "2.0", "method": "notifications/initialized" }, ping(2)]).to_string();
    let got = send("POST", &server.url(), &[("Mcp-Session-Id", &session)], &body).await;
    assert_eq!(got.json().as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn refuses_pages_of_other_sites() {
    let server = server(|_| {}).await;
    let got = send("POST", &server.url(), &[("Origin", "https://evil.example")], "{}").await;
    assert_eq!(got.status, 403);
}
