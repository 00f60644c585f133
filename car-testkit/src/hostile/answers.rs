//! What a plain modern server would answer: discovery, one tool, and calls of it.

use serde_json::{Value, json};

use super::mode::Stage;

/// Returns the stage that a request belongs to.
pub(super) fn stage(message: &Value) -> Stage {
    match message["method"].as_str() {
        Some("tools/call") => Stage::Call,
        Some(method) if method.ends_with("/list") => Stage::List,
        _ => Stage::Connect,
    }
}

/// Whether the misbehaviour that starts at `first` is due at `now`.
pub(super) fn is_due(first: Stage, now: Stage) -> bool {
    let place = |stage| match stage {
        Stage::Connect => 0,
        Stage::List => 1,
        Stage::Call => 2,
    };
    place(now) >= place(first)
}

/// A good answer to any request.
pub(super) fn good(message: &Value) -> Value {
    let result = match message["method"].as_str().unwrap_or_default() {
        "server/discover" => json!({
            "resultType": "complete",
            "supportedVersions": ["2026-07-28"],
            "capabilities": { "tools": {} },
            "ttlMs": 0,
            "cacheScope": "private",
        }),
        "tools/list" => page(None),
        "tools/call" => json!({
            "resultType": "complete",
            "content": [{ "type": "text", "text": message["params"]["arguments"]["message"] }],
        }),
        method => {
            let error = json!({ "code": -32601, "message": format!("no method {method}") });
            return json!({ "jsonrpc": "2.0", "id": message["id"], "error": error });
        }
    };
    json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })
}

/// A page with the one tool, and the cursor of the next page.
pub(super) fn page(next: Option<String>) -> Value {
    let properties = json!({ "message": { "type": "string" } });
    let schema = json!({ "type": "object", "properties": properties });
    let tool = json!({ "name": "echo", "description": "Gives back the message.", "inputSchema": schema });
    let mut page = json!({ "resultType": "complete", "tools": [tool], "ttlMs": 0, "cacheScope": "private" });
    if let Some(next) = next {
        page["nextCursor"] = json!(next);
    }
    page
}
