//! Key messages exactly as they are sent.

use car_mcp_proto::capability::{ClientCapabilities, Implementation};
use car_mcp_proto::legacy::InitializeParams;
use car_mcp_proto::method::{CallTool, Discover, EmptyParams, Initialize, Listen, Method};
use car_mcp_proto::mrtr::{InputRequest, InputRequests, InputRequired, RootsInput, Rounds};
use car_mcp_proto::rpc::{ErrorObject, HEADER_MISMATCH, Outgoing};
use car_mcp_proto::subscription::{ListenParams, SubscriptionFilter};
use car_mcp_proto::tool::CallToolParams;
use car_mcp_proto::{Members, ProtocolVersion, RawJson, RequestId, meta};

fn sent<M: Method>(id: impl Into<RequestId>, params: M::Params) -> String {
    serde_json::to_string(&Outgoing::Request { id: &id.into(), method: M::NAME, params }).unwrap()
}

fn client() -> Implementation {
    let mut client = Implementation::new("keeper-desk");
    client.version = "3.1.4".to_owned();
    client
}

fn request_meta() -> Members {
    meta::modern_request(ProtocolVersion::V2026_07_28, &ClientCapabilities::new(), &client()).unwrap()
}

fn raw(text: &str) -> RawJson {
    RawJson::from_text(text).unwrap()
}

#[test]
fn initialize_is_sent_so() {
    let mut capabilities = ClientCapabilities::new();
    capabilities.roots = Some(raw(r#"{"listChanged":true}"#));
    let params = InitializeParams::new("2025-11-25", capabilities, client());
    insta::assert_snapshot!(sent::<Initialize>(1, params), @r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"roots":{"listChanged":true}},"clientInfo":{"name":"keeper-desk","version":"3.1.4"}}}"#);
}

#[test]
fn discover_is_sent_so() {
    let mut params = EmptyParams::new();
    params.meta = Some(request_meta());
    insta::assert_snapshot!(sent::<Discover>(2, params), @r#"{"jsonrpc":"2.0","id":2,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"keeper-desk","version":"3.1.4"}}}}"#);
}

#[test]
fn a_call_that_answers_a_round_is_sent_so() {
    let mut round = InputRequired::new();
    round.input_requests =
        Some(InputRequests::from_iter([("where", InputRequest::Roots(RootsInput::new()))]));
    round.request_state = Some("v1.état+/==".to_owned());
    let answers = Members::from_iter([("where", raw(r#"{"roots":[]}"#))]);
    let retry = Rounds::new(3).answer(round, answers).unwrap();

    let mut params = CallToolParams::new("tide_at");
    params.arguments = Some(raw(r#"{ "hour": 1e1, "place": "caf\u00e9" }"#));
    params.input_responses = retry.input_responses;
    params.request_state = retry.request_state;
    params.meta = Some(request_meta());
    insta::assert_snapshot!(sent::<CallTool>("call-3", params), @r#"{"jsonrpc":"2.0","id":"call-3","method":"tools/call","params":{"name":"tide_at","arguments":{ "hour": 1e1, "place": "caf\u00e9" },"inputResponses":{"where":{"roots":[]}},"requestState":"v1.état+/==","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"keeper-desk","version":"3.1.4"}}}}"#);
}

#[test]
fn listen_is_sent_so() {
    let mut filter = SubscriptionFilter::new();
    filter.tools_list_changed = Some(true);
    filter.resource_subscriptions = Some(vec!["log://today".to_owned()]);
    let mut params = ListenParams::new(filter);
    params.meta = Some(request_meta());
    insta::assert_snapshot!(sent::<Listen>(4, params), @r#"{"jsonrpc":"2.0","id":4,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["log://today"]},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"keeper-desk","version":"3.1.4"}}}}"#);
}

#[test]
fn an_error_about_an_unreadable_request_is_sent_without_an_id() {
    let mut error = ErrorObject::new(HEADER_MISMATCH);
    error.message = "the header names another tool".to_owned();
    let message: Outgoing<'_, ()> = Outgoing::Error { id: None, error: &error };
    insta::assert_snapshot!(serde_json::to_string(&message).unwrap(), @r#"{"jsonrpc":"2.0","error":{"code":-32020,"message":"the header names another tool"}}"#);
}
