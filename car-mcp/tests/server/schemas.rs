//! Tools with schemas of their own making: what goes in and what comes out is held to them.

use car_mcp::proto::ProtocolVersion;
use car_mcp::proto::RawJson;
use car_mcp::proto::capability::Implementation;
use car_mcp::proto::tool::{CallToolResult, Tool};
use car_mcp::server::legacy::Conversation;
use car_mcp::server::{Caller, Context, Failure, JsonSlice, Server, ServerTool};
use serde_json::json;

use crate::double::{all_steps, ask, read_request};

const INPUT: &str =
    r#"{"type": "object",  "properties": {"n": {"type":"integer", "minimum": 1.50}}, "required": ["n"]}"#;

fn definition(output: Option<&str>) -> Tool {
    let mut tool = Tool::new("raw", RawJson::from_text(INPUT).unwrap());
    tool.output_schema = output.map(|schema| RawJson::from_text(schema).unwrap());
    tool
}

/// Answers with its arguments' `n`, as data.
async fn echo(given: Option<JsonSlice>, _: Context) -> Result<CallToolResult, Failure> {
    let mut result = CallToolResult::new();
    let given: serde_json::Value = given.expect("the schema wants some").parse()?;
    result.structured_content = Some(RawJson::from_value(&given["n"])?);
    result.is_error = (given["n"] == 13).then_some(true);
    Ok(result)
}

fn server(output: Option<&str>) -> Server {
    let tool = ServerTool::raw(definition(output), echo);
    Server::builder(Implementation::new("example")).tool(tool).build().unwrap()
}

#[tokio::test]
async fn a_schema_is_sent_byte_for_byte() {
    let server = server(None);
    let request = crate::double::request("tools/list", json!({}));
    let mut exchange = server.answer(request, Caller::anonymous());
    let Some(car_mcp::server::Step::Answer(answer)) = exchange.step().await else {
        panic!("expected an answer")
    };
    assert!(std::str::from_utf8(&answer.body).unwrap().contains(INPUT));
}

#[tokio::test]
async fn v21_arguments_that_do_not_fit_the_schema_are_told_to_the_model() {
    let server = server(None);
    for arguments in [json!({"n": "x"}), json!({"n": 1}), json!({}), json!(null)] {
        let response = ask(&server, "tools/call", json!({"name": "raw", "arguments": arguments})).await;
        assert_eq!(response["result"]["isError"], true, "{arguments}");
        let text = response["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("n"), "{text}");
    }
    let response = ask(&server, "tools/call", json!({"name": "raw", "arguments": {"n": 2}})).await;
    assert_eq!(response["result"]["structuredContent"], 2);
}

#[tokio::test]
async fn a_result_that_breaks_its_own_schema_is_never_sent() {
    let server = server(Some(r#"{"type": "integer", "maximum": 10}"#));
    let call = |n: u32| ask(&server, "tools/call", json!({"name": "raw", "arguments": {"n": n}}));
    assert_eq!(call(9).await["result"]["structuredContent"], 9);
    let response = call(11).await;
    assert_eq!(response["error"]["code"], -32603);
    assert!(response["error"]["message"].as_str().unwrap().contains("\"raw\""));
    assert_eq!(call(13).await["result"]["isError"], true, "a tool that failed owes nothing");
}

/// Asks as a legacy client that keeps no session.
async fn ask_legacy(server: &Server, method: &str, params: serde_json::Value) -> serde_json::Value {
    let request = read_request(json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
    let conversation = Conversation::stateless(server, ProtocolVersion::V2025_11_25);
    all_steps(conversation.request(request, Caller::anonymous())).await.1
}

#[tokio::test]
async fn a_legacy_client_is_spared_structured_results_that_are_no_objects() {
    let server = server(Some(r#"{"type": "integer"}"#));
    let listed = ask_legacy(&server, "tools/list", json!({})).await;
    assert!(listed["result"]["tools"][0].get("outputSchema").is_none());
    assert!(listed["result"].get("resultType").is_none() && listed["result"].get("ttlMs").is_none());
    let called = ask_legacy(&server, "tools/call", json!({"name": "raw", "arguments": {"n": 2}})).await;
    assert_eq!(called["result"], json!({"content": []}));
    let listed = ask(&server, "tools/list", json!({})).await;
    assert_eq!(listed["result"]["tools"][0]["outputSchema"], json!({"type": "integer"}));
}

#[test]
fn a_tool_whose_schema_cannot_be_used_is_not_served() {
    for (schema, reason) in [
        (r#"{"type":"string"}"#, "of type \"object\""),
        (r#"{"type":"object","properties":{"a":{"$ref":"https://example.com/a"}}}"#, "inputSchema"),
        (r#"{"type":"object","properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#, "integer"),
    ] {
        let tool = ServerTool::raw(Tool::new("raw", RawJson::from_text(schema).unwrap()), echo);
        let error = Server::builder(Implementation::new("example")).tool(tool).build().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}
