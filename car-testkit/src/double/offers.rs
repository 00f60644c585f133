//! Resources and prompts: a few, enough to exercise every method about them.

use serde_json::{Value, json};

/// An error as JSON-RPC has it: code, message, data.
pub(super) type Refused = (i64, String, Option<Value>);

pub(super) fn resources() -> Value {
    json!({ "resources": [
        { "uri": "test://text", "name": "text", "description": "A text.", "mimeType": "text/plain" },
        { "uri": "test://binary", "name": "binary", "description": "Three bytes.", "mimeType": "application/octet-stream" },
        { "uri": "test://watched", "name": "watched", "description": "Is updated now and then.", "mimeType": "text/plain" },
    ]})
}

pub(super) fn templates() -> Value {
    json!({ "resourceTemplates": [
        { "uriTemplate": "test://item/{id}", "name": "item", "description": "An item by its id.", "mimeType": "text/plain" },
    ]})
}

/// Reads a resource; `missing` is the code of the era for one that does not exist.
pub(super) fn read(uri: &str, missing: i64) -> Result<Value, Refused> {
    let contents = match uri {
        "test://text" | "test://watched" => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "A text." })
        }
        "test://binary" => json!({ "uri": uri, "mimeType": "application/octet-stream", "blob": "AQID" }),
        _ => match uri.strip_prefix("test://item/") {
            Some(id) if !id.is_empty() => {
                json!({ "uri": uri, "mimeType": "text/plain", "text": format!("Item {id}.") })
            }
            _ => return Err((missing, format!("no resource {uri}"), Some(json!({ "uri": uri })))),
        },
    };
    Ok(json!({ "contents": [contents] }))
}

pub(super) fn prompts() -> Value {
    json!({ "prompts": [
        { "name": "greeting", "description": "A greeting.", "arguments": [
            { "name": "who", "description": "Whom to greet", "required": true },
        ]},
    ]})
}

pub(super) fn prompt(params: &Value) -> Result<Value, Refused> {
    if params["name"] != "greeting" {
        return Err((-32602, format!("no prompt {}", params["name"]), None));
    }
    let Some(who) = params["arguments"]["who"].as_str() else {
        return Err((-32602, "the prompt greeting needs the argument who".to_owned(), None));
    };
    let text = json!({ "type": "text", "text": format!("Please greet {who}.") });
    Ok(json!({ "description": "A greeting.", "messages": [{ "role": "user", "content": text }] }))
}

pub(super) fn completion(params: &Value) -> Value {
    let start = params["argument"]["value"].as_str().unwrap_or_default();
    let values: Vec<_> =
        ["Ada", "Alan", "Grace"].into_iter().filter(|name| name.starts_with(start)).collect();
    json!({ "completion": { "total": values.len(), "values": values, "hasMore": false } })
}

/// One page of the tools; the cursor is the place where the next page begins.
pub(super) fn tools_page(
    tools: &[Value],
    page_size: Option<usize>,
    params: &Value,
) -> Result<Value, Refused> {
    let start = match &params["cursor"] {
        Value::Null => 0,
        Value::String(text) => match text.strip_prefix("from-").and_then(|place| place.parse::<usize>().ok())
        {
            Some(place) if place < tools.len() => place,
            _ => return Err((-32602, "this cursor was not given by this server".to_owned(), None)),
        },
        _ => return Err((-32602, "a cursor is a string".to_owned(), None)),
    };
    let end = page_size.map_or(tools.len(), |size| tools.len().min(start + size.max(1)));
    let mut page = json!({ "tools": tools[start..end] });
    if end < tools.len() {
        page["nextCursor"] = json!(format!("from-{end}"));
    }
    Ok(page)
}
