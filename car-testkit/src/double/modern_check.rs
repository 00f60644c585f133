//! What a request of the 2026-07-28 revision must carry, checked in the order that the revision gives.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::dispatch::VERSION_HEADER;
use super::modern::VERSION;

const HEADER_MISMATCH: i64 = -32020;
const UNSUPPORTED_VERSION: i64 = -32022;

/// Why a request is refused: HTTP status, JSON-RPC code, message, data.
pub(super) type Refusal = (StatusCode, i64, String, Option<Value>);

/// Checks everything that holds for any method.
pub(super) fn envelope(headers: &HeaderMap, message: &Value) -> Result<(), Refusal> {
    let Some(header) = text(headers, VERSION_HEADER) else {
        return Err(mismatch("the header MCP-Protocol-Version is missing"));
    };
    let meta = &message["params"]["_meta"];
    let version = meta["io.modelcontextprotocol/protocolVersion"].as_str();
    let Some(version) = version else { return Err(invalid("_meta must name the protocol version")) };
    if !meta["io.modelcontextprotocol/clientCapabilities"].is_object() {
        return Err(invalid("_meta must hold the client's capabilities"));
    }
    if header != version {
        return Err(mismatch(&format!("the header says {header}, _meta says {version}")));
    }
    if version != VERSION {
        let data = json!({ "supported": [VERSION], "requested": version });
        let message = format!("version {version} is not spoken here");
        return Err((StatusCode::BAD_REQUEST, UNSUPPORTED_VERSION, message, Some(data)));
    }
    standard_headers(headers, message)
}

/// Checks `Mcp-Method`, and `Mcp-Name` where the method has a name.
fn standard_headers(headers: &HeaderMap, message: &Value) -> Result<(), Refusal> {
    let method = message["method"].as_str().unwrap_or_default();
    if text(headers, "mcp-method") != Some(method) {
        return Err(mismatch("the header Mcp-Method must be the body's method"));
    }
    let name = match method {
        "tools/call" | "prompts/get" => &message["params"]["name"],
        "resources/read" => &message["params"]["uri"],
        _ => return Ok(()),
    };
    match (headers.get("mcp-name").and_then(decode), name.as_str()) {
        (Some(header), Some(name)) if header == name => Ok(()),
        _ => Err(mismatch("the header Mcp-Name must be the body's name")),
    }
}

/// Checks the arguments which a tool wants mirrored as `Mcp-Param-*` headers.
pub(super) fn mirrored(headers: &HeaderMap, schema: &Value, arguments: &Value) -> Result<(), Refusal> {
    let Some(properties) = schema["properties"].as_object() else { return Ok(()) };
    for (property, schema) in properties {
        let Some(name) = schema["x-mcp-header"].as_str() else { continue };
        let header = headers.get(format!("mcp-param-{}", name.to_ascii_lowercase()));
        let wanted = match &arguments[property] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let found = header.map(decode);
        if wanted.as_ref().map(Some) != found.as_ref().map(Option::as_ref) {
            return Err(mismatch(&format!("the header Mcp-Param-{name} must be the argument {property}")));
        }
    }
    Ok(())
}

/// Undoes the Base64 form that values take which are no plain header text.
fn decode(value: &http::HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let Some(inner) = text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) else {
        return Some(text.to_owned());
    };
    String::from_utf8(STANDARD.decode(inner).ok()?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn mismatch(message: &str) -> Refusal {
    (StatusCode::BAD_REQUEST, HEADER_MISMATCH, message.to_owned(), None)
}

fn invalid(message: &str) -> Refusal {
    (StatusCode::BAD_REQUEST, -32602, message.to_owned(), None)
}
