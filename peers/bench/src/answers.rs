//! Answers built once, so that the server costs as little as a bare hyper server does.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::pieces::Pieces;

/// The size of the answers of the large tools.
const LARGE: [(&str, usize); 2] = [("large_100k", 100_000), ("large_5m", 5_000_000)];
/// How many tools the long list has, and how long a description makes it 1.19 MB.
const MANY: usize = 1_000;
const DESCRIPTION: usize = 931;
/// Answers up to here are sent as one piece: a copy is cheaper than a second write.
const ONE_PIECE: usize = 16 * 1024;

/// The parts of a request that an answer depends on.
#[derive(Deserialize)]
pub(crate) struct Asked<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) method: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default)]
    name: Option<std::borrow::Cow<'a, str>>,
}

/// Every result that the server gives.
pub(crate) struct Answers {
    initialize: Bytes,
    discover: Bytes,
    few: Bytes,
    many: Bytes,
    echo: Bytes,
    large: Vec<(&'static str, Bytes)>,
    nothing: Bytes,
}

impl Answers {
    pub(crate) fn build() -> Self {
        let story: String = "A tool with a long story to tell. ".chars().cycle().take(DESCRIPTION).collect();
        let capabilities = json!({ "tools": {} });
        let server = json!({ "name": "bench", "version": "1.0.0" });
        Self {
            initialize: bytes(&json!({
                "protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": server,
            })),
            discover: bytes(&json!({
                "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": capabilities,
                "ttlMs": 0, "cacheScope": "private", "_meta": { "io.modelcontextprotocol/serverInfo": server },
            })),
            few: list(&["echo", LARGE[0].0, LARGE[1].0].map(|name| tool(name, "A tool."))),
            many: list(
                &(0..MANY).map(|number| tool(&format!("tool_{number:04}"), &story)).collect::<Vec<_>>(),
            ),
            echo: text("hello"),
            large: LARGE.iter().map(|(name, size)| (*name, text(&"x".repeat(*size)))).collect(),
            nothing: Bytes::from_static(b"{\"resultType\":\"complete\"}"),
        }
    }

    /// Returns the answer to a request as a body; `many` wants the long list.
    pub(crate) fn answer(&self, asked: &Asked<'_>, many: bool, sse: bool) -> Pieces {
        let result = self.result(asked, many);
        let id = asked.id.map_or("null", RawValue::get);
        let (before, after) = if sse { ("event: message\ndata: ", "\n\n") } else { ("", "") };
        let mut head = Vec::with_capacity(96 + result.len().min(ONE_PIECE));
        head.extend_from_slice(before.as_bytes());
        head.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        head.extend_from_slice(id.as_bytes());
        head.extend_from_slice(b",\"result\":");
        if result.len() > ONE_PIECE {
            return Pieces::new([head.into(), result.clone(), Bytes::from(format!("}}{after}"))]);
        }
        head.extend_from_slice(result);
        head.push(b'}');
        head.extend_from_slice(after.as_bytes());
        Pieces::new([head.into()])
    }

    /// Adds the answer to a request as a line; a notification has none.
    pub(crate) fn add_line(&self, asked: &Asked<'_>, lines: &mut Vec<u8>) {
        let Some(id) = asked.id else { return };
        lines.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        lines.extend_from_slice(id.get().as_bytes());
        lines.extend_from_slice(b",\"result\":");
        lines.extend_from_slice(self.result(asked, false));
        lines.extend_from_slice(b"}\n");
    }

    fn result(&self, asked: &Asked<'_>, many: bool) -> &Bytes {
        match asked.method.as_ref() {
            "tools/call" => self.call(asked.params.as_ref().and_then(|params| params.name.as_deref())),
            "tools/list" if many => &self.many,
            "tools/list" => &self.few,
            "initialize" => &self.initialize,
            "server/discover" => &self.discover,
            _ => &self.nothing,
        }
    }

    fn call(&self, name: Option<&str>) -> &Bytes {
        let large = self.large.iter().find(|(large, _)| name == Some(*large));
        large.map_or(&self.echo, |(_, answer)| answer)
    }
}

fn tool(name: &str, description: &str) -> serde_json::Value {
    let property = json!({ "type": "string", "description": "What to do with it, in one sentence." });
    let schema =
        json!({ "type": "object", "properties": { "message": property, "place": property }, "required": [] });
    json!({ "name": name, "description": description, "inputSchema": schema })
}

fn list(tools: &[serde_json::Value]) -> Bytes {
    bytes(&json!({ "resultType": "complete", "tools": tools, "ttlMs": 0, "cacheScope": "private" }))
}

/// Written by hand, because the kind of a block comes first from the servers of every SDK, and `json!` sorts.
fn text(text: &str) -> Bytes {
    format!(r#"{{"content":[{{"type":"text","text":"{text}"}}],"resultType":"complete"}}"#).into()
}

fn bytes(value: &serde_json::Value) -> Bytes {
    value.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_in_one_line_and_a_notification_not_at_all() {
        let answers = Answers::build();
        let mut lines = Vec::new();
        for text in [
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo"}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
        ] {
            answers.add_line(&serde_json::from_str(text).unwrap(), &mut lines);
        }
        let lines = String::from_utf8(lines).unwrap();
        let ids: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone())
            .collect();
        assert_eq!(ids, [json!("a"), json!(2)]);
    }

    #[test]
    fn the_long_list_has_the_size_it_is_said_to_have() {
        let size = Answers::build().many.len();
        assert!((1_180_000..1_200_000).contains(&size), "{size}");
    }
}
