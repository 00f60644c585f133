//! What a tool answered, for a person: text as text, everything else named.

use serde_json::Value;
use serde_json::value::RawValue;

/// Describes a tool's result. Where it has no content, its structured content is shown.
pub(crate) fn describe(result: &RawValue) -> String {
    let Ok(Value::Object(result)) = serde_json::from_str(result.get()) else {
        return result.get().to_owned();
    };
    let parts: Vec<String> =
        result.get("content").and_then(Value::as_array).into_iter().flatten().map(part).collect();
    match result.get("structuredContent") {
        Some(structured) if parts.is_empty() => format!("{structured:#}"),
        _ => parts.join("\n"),
    }
}

fn part(part: &Value) -> String {
    let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
    match text("type") {
        "text" => text("text").to_owned(),
        kind @ ("image" | "audio") => {
            format!("[{kind} {}, {} bytes]", text("mimeType"), decoded_length(text("data")))
        }
        "resource_link" => format!("[link {} {}]", text("uri"), text("name")).replace(" ]", "]"),
        "resource" => resource(part.get("resource").unwrap_or(&Value::Null)),
        _ => part.to_string(),
    }
}

fn resource(resource: &Value) -> String {
    let member = |name: &str| resource.get(name).and_then(Value::as_str);
    let (uri, kind) = (member("uri").unwrap_or_default(), member("mimeType").unwrap_or("of unknown type"));
    match (member("text"), member("blob")) {
        (Some(text), _) => format!("[resource {uri} {kind}]\n{text}"),
        (None, blob) => {
            format!("[resource {uri} {kind}, {} bytes]", decoded_length(blob.unwrap_or_default()))
        }
    }
}

/// Returns how many bytes a base64 text stands for.
fn decoded_length(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(result: &str) -> String {
        describe(&RawValue::from_string(result.to_owned()).unwrap())
    }

    #[test]
    fn shows_text_and_names_the_rest() {
        let result = r#"{"content":[{"type":"text","text":"hi"},{"type":"image","mimeType":"image/png","data":"AAAA"},
            {"type":"audio","mimeType":"audio/wav","data":"AA=="},{"type":"resource_link","uri":"a:b"},
            {"type":"resource","resource":{"uri":"a:c","mimeType":"text/plain","text":"in it"}},
            {"type":"resource","resource":{"uri":"a:d","blob":"AAA="}}]}"#;
        let expected = "hi\n[image image/png, 3 bytes]\n[audio audio/wav, 1 bytes]\n[link a:b]\n\
            [resource a:c text/plain]\nin it\n[resource a:d of unknown type, 2 bytes]";
        assert_eq!(described(result), expected);
    }

    #[test]
    fn shows_structured_content_where_there_is_no_other() {
        assert_eq!(described(r#"{"content":[],"structuredContent":{"a":1}}"#), "{\n  \"a\": 1\n}");
        assert_eq!(described("[1]"), "[1]");
    }
}
