//! The bytes that are sent.

use serde::{Deserialize, Serialize};

/// The text that is echoed; the answer has to hold it.
pub(super) const TEXT: &str = "hello";

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"io.modelcontextprotocol/clientCapabilities":{}}"#;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}}"#;

const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Who is asked, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Target {
    /// `host:port`.
    pub(crate) address: String,
    pub(crate) path: String,
    /// What the tool that echoes is called there.
    pub(crate) tool: String,
    pub(crate) bearer: Option<String>,
    pub(crate) is_modern: bool,
    pub(crate) has_sessions: bool,
}

/// A call of the tool that echoes.
pub(super) fn call(target: &Target, session: Option<&str>) -> Vec<u8> {
    let tool = &target.tool;
    let arguments = format!(r#""name":"{tool}","arguments":{{"message":"{TEXT}"}}"#);
    if target.is_modern {
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{{META},{arguments}}}}}"#);
        let more =
            format!("mcp-protocol-version: 2026-07-28\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n");
        return post(target, &more, &body);
    }
    let body = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{{arguments}}}}}"#);
    post(target, &legacy(session), &body)
}

/// The beginning of a session.
pub(super) fn initialize(target: &Target) -> Vec<u8> {
    post(target, "", INITIALIZE)
}

/// The client's word that the session has begun.
pub(super) fn initialized(target: &Target, session: Option<&str>) -> Vec<u8> {
    post(target, &legacy(session), INITIALIZED)
}

/// The opening of a session's own stream.
pub(super) fn stream(target: &Target, session: Option<&str>) -> Vec<u8> {
    let Target { address, path, .. } = target;
    let more = legacy(session);
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n{more}\r\n").into_bytes()
}

fn legacy(session: Option<&str>) -> String {
    let session = session.map(|session| format!("mcp-session-id: {session}\r\n")).unwrap_or_default();
    format!("mcp-protocol-version: 2025-11-25\r\n{session}")
}

fn post(target: &Target, more: &str, body: &str) -> Vec<u8> {
    let Target { address, path, bearer, .. } = target;
    let bearer =
        bearer.as_ref().map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{bearer}{more}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
