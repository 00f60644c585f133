//! The bytes that are sent.

use super::Kind;

/// The text that is echoed; the answer has to hold it.
pub(super) const TEXT: &str = "hello";

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}}"#;

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// A call of `echo`.
pub(super) fn call(kind: Kind, address: &str, session: Option<&str>) -> Vec<u8> {
    let arguments = format!(r#""name":"echo","arguments":{{"message":"{TEXT}"}}"#);
    if kind.is_modern() {
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{{META},{arguments}}}}}"#);
        let more = "mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: echo\r\n";
        return post(address, more, &body);
    }
    let body = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{{arguments}}}}}"#);
    post(address, &legacy(session), &body)
}

/// The beginning of a session.
pub(super) fn initialize(address: &str) -> Vec<u8> {
    post(address, "", INITIALIZE)
}

/// The client's word that the session has begun.
pub(super) fn initialized(address: &str, session: Option<&str>) -> Vec<u8> {
    post(address, &legacy(session), INITIALIZED)
}

/// The opening of a session's own stream.
pub(super) fn stream(address: &str, session: Option<&str>) -> Vec<u8> {
    let more = legacy(session);
    format!("GET /mcp HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n{more}\r\n").into_bytes()
}

fn legacy(session: Option<&str>) -> String {
    let session = session.map(|session| format!("mcp-session-id: {session}\r\n")).unwrap_or_default();
    format!("mcp-protocol-version: 2025-11-25\r\n{session}")
}

fn post(address: &str, more: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /mcp HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
