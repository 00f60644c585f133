//! What every modern request meets: its revision, its method, the shape of its result.

use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure, Json, NoArguments, Server, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::double::{ask, meta};

#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: i64,
    b: i64,
}

#[derive(Serialize, JsonSchema)]
struct Total {
    total: i64,
}

async fn add(sum: Sum, _: Context) -> Result<Json<Total>, Failure> {
    Ok(Json(Total { total: sum.a + sum.b }))
}

async fn fail(_: NoArguments, _: Context) -> Result<String, Failure> {
    Err(Failure::new("try later"))
}

async fn panics(_: NoArguments, _: Context) -> Result<String, Failure> {
    panic!("as it must")
}

pub(crate) fn server() -> Server {
    Server::builder(Implementation::new("example"))
        .tool(tool("add", "Adds").run(add))
        .tool(tool("fail", "Fails").run(fail))
        .tool(tool("panics", "Panics").run(panics))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_call_is_answered_with_its_result_its_kind_and_the_servers_name() {
    let response = ask(&server(), "tools/call", json!({"name": "add", "arguments": {"a": 1, "b": 2}})).await;
    assert_eq!(
        response,
        json!({"jsonrpc": "2.0", "id": 1, "result": {
            "content": [{"type": "text", "text": "{\"total\":3}"}],
            "structuredContent": {"total": 3},
            "resultType": "complete",
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "example", "version": ""}},
        }})
    );
}

#[tokio::test]
async fn a_tool_that_fails_says_so_to_the_model() {
    let response = ask(&server(), "tools/call", json!({"name": "fail"})).await;
    assert_eq!(response["result"]["isError"], true);
    assert_eq!(response["result"]["content"][0]["text"], "try later");
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_own_request() {
    let server = server();
    let response = ask(&server, "tools/call", json!({"name": "panics"})).await;
    assert_eq!(response["error"]["code"], -32603);
    let response = ask(&server, "tools/call", json!({"name": "fail"})).await;
    assert_eq!(response["result"]["isError"], true);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_told_to_the_model_by_name() {
    let response =
        ask(&server(), "tools/call", json!({"name": "add", "arguments": {"a": 1, "b": "2"}})).await;
    assert_eq!(response["result"]["isError"], true);
    let text = response["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("/b: invalid type"), "{text}");
}

#[tokio::test]
async fn v21_an_unknown_tool_is_an_error_of_the_parameters() {
    let response = ask(&server(), "tools/call", json!({"name": "nothing"})).await;
    assert_eq!(response["error"]["code"], -32602);
}

#[tokio::test]
async fn v15_the_server_tells_what_it_speaks_and_offers() {
    let response = ask(&server(), "server/discover", json!({})).await;
    let result = &response["result"];
    assert_eq!(result["supportedVersions"], json!(["2026-07-28"]));
    assert_eq!(result["capabilities"], json!({"tools": {"listChanged": true}}));
    assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    assert_eq!(result["resultType"], "complete");
    assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "example");
}

#[tokio::test]
async fn v16_tools_are_listed_in_the_order_in_which_they_were_added() {
    let response = ask(&server(), "tools/list", json!({})).await;
    let tools = response["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["add", "fail", "panics"]);
    assert_eq!(tools[0]["inputSchema"]["required"], json!(["a", "b"]));
    assert_eq!(tools[0]["outputSchema"]["type"], "object");
    assert_eq!(
        (&response["result"]["ttlMs"], &response["result"]["cacheScope"]),
        (&json!(0), &json!("private"))
    );
}

#[tokio::test]
async fn v12_methods_that_are_unknown_removed_or_not_offered_do_not_exist() {
    for method in ["nothing", "initialize", "ping", "logging/setLevel", "resources/subscribe", "prompts/list"]
    {
        let response = ask(&server(), method, json!({})).await;
        assert_eq!((&response["error"]["code"], &response["id"]), (&json!(-32601), &json!(1)), "{method}");
    }
}

#[tokio::test]
async fn v10_a_request_names_its_revision_and_capabilities_and_need_not_name_the_client() {
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    for (case, code) in [
        (json!({"_meta": {}}), -32602),
        (json!({"_meta": {capabilities: {}}}), -32602),
        (json!({"_meta": {version: "2026-07-28"}}), -32602),
        (json!({"_meta": {version: "2026-07-28", capabilities: []}}), -32602),
        (json!({"_meta": {version: 7, capabilities: {}}}), -32602),
        (json!({"_meta": 7}), -32602),
        (json!({"_meta": {version: "v999.0.0", capabilities: {}}}), -32022),
        (json!({"_meta": {version: "2025-11-25", capabilities: {}}}), -32022),
    ] {
        let response = ask(&server(), "tools/list", case.clone()).await;
        assert_eq!(response["error"]["code"], code, "{case}");
    }
    let response = ask(&server(), "tools/list", json!({"_meta": meta(json!({}))})).await;
    assert!(response["result"].is_object());
    let response =
        ask(&server(), "tools/list", json!({"_meta": {version: "v999.0.0", capabilities: {}}})).await;
    assert_eq!(response["error"]["data"], json!({"supported": ["2026-07-28"], "requested": "v999.0.0"}));
}
