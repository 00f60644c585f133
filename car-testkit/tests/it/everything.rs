//! The everything-server: that it has one of everything, and stands behind what a client cannot see. How it speaks is
//! judged by the conformance suite and by clients that are not ours.

use car_testkit::authority::Client;
use car_testkit::double::Era;
use car_testkit::everything::{Everything, Options};
use serde_json::{Value, json};

use crate::oauth::{BACK, CLIENT, access, sign_in};
use crate::wire::{JSON, legacy_call, modern, modern_with, open_session, send};

async fn server(change: impl FnOnce(&mut Options)) -> Everything {
    let mut options = Options::default();
    change(&mut options);
    Everything::start(options).await.unwrap()
}

async fn names(url: &str, method: &str, list: &str) -> Vec<String> {
    let result = modern(url, method, json!({})).await.json()["result"].clone();
    let name = |entry: &Value| entry["name"].as_str().unwrap().to_owned();
    result[list].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn has_what_the_suite_asks_for() {
    let server = server(|_| {}).await;
    let tools = names(server.url(), "tools/list", "tools").await;
    for tool in [
        "test_simple_text",
        "test_tool_with_progress",
        "test_reconnection",
        "test_missing_capability",
        "test_input_required_result_multi_round",
        "json_schema_2020_12_tool",
        "failing_job",
        "test_tool_with_task",
    ] {
        assert!(tools.iter().any(|listed| listed == tool), "{tool} is not in {tools:?}");
    }
    let prompts = names(server.url(), "prompts/list", "prompts").await;
    assert!(prompts.iter().any(|listed| listed == "test_prompt_with_embedded_resource"), "{prompts:?}");
    let resources = names(server.url(), "resources/list", "resources").await;
    assert_eq!(resources, ["static-text", "static-binary", "watched-resource"]);
}

#[tokio::test]
async fn has_every_tool_of_the_double() {
    let double = car_testkit::double::Double::start(car_testkit::double::Config::default()).await.unwrap();
    let server = server(|_| {}).await;
    let ours = names(server.url(), "tools/list", "tools").await;
    for tool in names(&double.url(), "tools/list", "tools").await {
        assert!(ours.contains(&tool), "{tool} is not in {ours:?}");
    }
}

#[tokio::test]
async fn answers_in_both_eras_on_one_endpoint() {
    let server = server(|_| {}).await;
    let echo = json!({ "name": "echo", "arguments": { "message": "hi" } });
    let got = modern(server.url(), "tools/call", echo).await;
    assert_eq!(got.json()["result"]["content"][0]["text"], "hi");
    let session = open_session(server.url(), "2025-11-25").await;
    let got = legacy_call(server.url(), &session, "echo", json!({ "message": "ho" })).await;
    assert_eq!(got.json()["result"]["content"][0]["text"], "ho");
}

#[tokio::test]
async fn speaks_only_the_era_that_was_chosen() {
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" },
    }})
    .to_string();
    let only_modern = server(|options| {
        options.era = Era::Modern;
        options.legacy = car_mcp_http::server::LegacyMode::Off;
    })
    .await;
    assert_ne!(send("POST", only_modern.url(), &[JSON], &initialize).await.status, 200);
    let only_legacy = server(|options| options.era = Era::Legacy).await;
    let got = modern(only_legacy.url(), "server/discover", json!({})).await;
    assert_eq!(got.json()["error"]["code"], -32022);
}

#[tokio::test]
async fn a_page_has_as_many_entries_as_was_chosen() {
    let server = server(|options| options.page_size = Some(3)).await;
    let mut cursor = json!({});
    let mut tools = Vec::new();
    for _ in 0..100 {
        let result = modern(server.url(), "tools/list", cursor).await.json()["result"].clone();
        let page = result["tools"].as_array().unwrap();
        assert!(page.len() <= 3);
        tools.extend(page.iter().map(|tool| tool["name"].to_string()));
        if result["nextCursor"].is_null() {
            break;
        }
        cursor = json!({ "cursor": result["nextCursor"] });
    }
    let all = names(self::server(|_| {}).await.url(), "tools/list", "tools").await;
    assert_eq!(tools.len(), all.len());
}

#[tokio::test]
async fn demands_a_token_and_says_where_to_get_one() {
    let server = server(|options| options.oauth = true).await;
    let got = modern(server.url(), "tools/list", json!({})).await;
    assert_eq!(got.status, 401);
    let origin = server.url().strip_suffix("/mcp").unwrap();
    let metadata = format!("{origin}/.well-known/oauth-protected-resource/mcp");
    assert!(got.header("www-authenticate").unwrap().contains(&metadata));
    let document = send("GET", &metadata, &[], "").await.json();
    assert_eq!(document["resource"], server.url());
    assert_eq!(document["authorization_servers"], json!([server.authority().unwrap().issuer()]));
}

#[tokio::test]
async fn takes_a_token_for_itself_and_no_other() {
    let server = server(|options| options.oauth = true).await;
    let authority = server.authority().unwrap();
    authority.set(|config| config.clients.push(Client::public(CLIENT, &[BACK])));
    for (resource, status) in [(server.url(), 200), ("http://127.0.0.1:1/mcp", 401)] {
        let answer = sign_in(authority, &[("resource", resource)]).await;
        let bearer = format!("Bearer {}", access(&answer));
        let got = modern_with(server.url(), "tools/list", json!({}), &[("Authorization", &bearer)]).await;
        assert_eq!(got.status, status, "{resource}: {}", got.body);
    }
}
