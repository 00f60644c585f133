//! A client that is a few functions: it writes requests and reads every step of their answers.

use bytes::Bytes;
use car_mcp::server::{Caller, Exchange, Inbound, Request, Server, Step};
use serde_json::{Value, json};

/// Returns the `_meta` of a modern request whose client offers these capabilities.
pub(crate) fn meta(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    })
}

/// Returns a modern request. `params` gets a `_meta` if it has none.
pub(crate) fn request(method: &str, mut params: Value) -> Request {
    if params.get("_meta").is_none() {
        params["_meta"] = meta(json!({}));
    }
    read_request(json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
}

/// Reads a message.
pub(crate) fn read_message(message: Value) -> Inbound {
    Inbound::read(&Bytes::from(message.to_string())).unwrap()
}

/// Reads a message that must be a request.
pub(crate) fn read_request(message: Value) -> Request {
    match read_message(message) {
        Inbound::Request(request) => request,
        other => panic!("expected a request, found {other:?}"),
    }
}

/// Sends a modern request and returns the response.
pub(crate) async fn ask(server: &Server, method: &str, params: Value) -> Value {
    let (_, response) = all_steps(server.answer(request(method, params), Caller::anonymous())).await;
    response
}

/// Reads an exchange to its end: what was said before the response, and the response.
pub(crate) async fn all_steps(mut exchange: Exchange) -> (Vec<Value>, Value) {
    let mut messages = Vec::new();
    loop {
        match exchange.step().await {
            Some(Step::Message(message)) => messages.push(serde_json::from_slice(&message).unwrap()),
            Some(Step::Answer(answer)) => {
                let response: Value = serde_json::from_slice(&answer.body).unwrap();
                assert_eq!(answer.error, response["error"]["code"].as_i64(), "{response}");
                assert!(exchange.step().await.is_none(), "something came after the answer");
                return (messages, response);
            }
            Some(Step::Pause) => panic!("expected a message or an answer, found a pause"),
            None => panic!("expected an answer, found the end"),
        }
    }
}
