//! Results that somebody else wrote: they are passed on as they came, but for what each era wants in them.
//!
//! ```text
//!  result ─▶ members, where they stand ─▶ runs of what stays, byte for byte ─▶ what this server says of itself
//! ```
//!
//! | member              | to modern clients              | to legacy clients                      |
//! |---------------------|--------------------------------|----------------------------------------|
//! | `resultType`        | `complete`                     | left out                               |
//! | `_meta`             | this server's name in it       | without the other server's name        |
//! | `ttlMs`             | on resources: as it came       | as it came                             |
//! | `cacheScope`        | on resources: this server's    | as it came                             |
//! | `structuredContent` | as it came                     | left out where it is no object         |

use std::borrow::Cow;

use bytes::Bytes;
use car_mcp_proto::rpc::INTERNAL_ERROR;
use car_mcp_proto::tool::Tool;
use car_mcp_proto::{Era, Members, RawJson, RequestId, meta};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::encode::{ENVELOPE_BYTES, Kind, Texts, begin, comma};
use super::exchange::Answer;
use super::failure::error;
use super::scan::{Scan, Scanner, scan};

/// What a function gives.
pub(crate) enum Given<T> {
    /// A result of this server's own.
    Own(T),
    /// The whole result, as somebody else wrote it.
    Forwarded(RawJson),
}

/// What kind of result is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    ToolResult,
    Prompt,
    /// Of a resource.
    Contents,
}

/// One member of an object, where it stands.
struct Member<'a> {
    name: Cow<'a, str>,
    /// The address of the name's quotation mark.
    start: usize,
    value: &'a str,
}

/// The members of an object, in order.
struct Object<'a> {
    text: &'a str,
    members: Vec<Member<'a>>,
}

impl Texts {
    /// Writes the response with a result that somebody else wrote.
    pub(crate) fn forward(&self, era: Era, id: &RequestId, result: &RawJson, passed: Passed) -> Answer {
        let Some(object) = Object::read(result.as_str()) else {
            let text = "expected an object as the result that is passed on, found something else";
            return Answer::error(Some(id), &error(INTERNAL_ERROR, text.to_owned()));
        };
        let mut text = Vec::with_capacity(ENVELOPE_BYTES + self.server_info.len() + result.as_str().len());
        begin(&mut text, id);
        match era {
            Era::Legacy => legacy(&mut text, &object),
            Era::Modern => self.modern(&mut text, &object, passed),
        }
        text.extend_from_slice(b"}}");
        Answer { body: Bytes::from(text), error: None }
    }

    fn modern(&self, text: &mut Vec<u8>, object: &Object<'_>, passed: Passed) {
        let is_cacheable = passed == Passed::Contents;
        text.push(b'{');
        object.write_but(text, |member| match &*member.name {
            "resultType" | "_meta" => true,
            "cacheScope" => is_cacheable,
            _ => false,
        });
        comma(text);
        text.extend_from_slice(Kind::Complete.member().as_bytes());
        if is_cacheable {
            if object.member("ttlMs").is_none() {
                text.push(b',');
                text.extend_from_slice(self.ttl.as_bytes());
            }
            text.push(b',');
            text.extend_from_slice(self.scope.as_bytes());
        }
        text.extend_from_slice(br#","_meta":{"#);
        text.extend_from_slice(self.server_info.as_bytes());
        if let Some(meta) = object.member("_meta").and_then(Object::read) {
            let start = text.len();
            meta.write_but(text, |member| member.name == meta::SERVER_INFO);
            if text.len() > start {
                text.insert(start, b',');
            }
        }
        text.push(b'}');
    }
}

/// Writes an object for legacy clients, without the brace that closes it.
fn legacy(text: &mut Vec<u8>, object: &Object<'_>) {
    let meta = object.member("_meta").and_then(Object::read);
    let meta = meta.filter(|meta| meta.member(meta::SERVER_INFO).is_some());
    text.push(b'{');
    object.write_but(text, |member| match &*member.name {
        "resultType" => true,
        "structuredContent" => !member.value.starts_with('{'),
        "_meta" => meta.is_some(),
        _ => false,
    });
    let Some(meta) = meta.filter(|meta| meta.members.iter().any(|member| member.name != meta::SERVER_INFO))
    else {
        return;
    };
    comma(text);
    text.extend_from_slice(br#""_meta":{"#);
    meta.write_but(text, |member| member.name == meta::SERVER_INFO);
    text.push(b'}');
}

impl<'a> Object<'a> {
    /// Finds the members; nothing where the text is no object.
    fn read(text: &'a str) -> Option<Self> {
        let members: Found<'a> = scan(text).or_else(|| serde_json::from_str(text).ok())?;
        Some(Self { text, members: members.0 })
    }

    /// Returns the value of a member; the last one where it stands twice.
    fn member(&self, name: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.name == name).map(|member| member.value)
    }

    /// Writes the members that are not left out, as they stand there.
    fn write_but(&self, text: &mut Vec<u8>, is_left_out: impl Fn(&Member<'_>) -> bool) {
        let origin = self.text.as_ptr().addr();
        let mut run: Option<(usize, usize)> = None;
        let mut is_first = true;
        let mut write = |run: Option<(usize, usize)>| {
            let Some((start, end)) = run else { return };
            if !std::mem::take(&mut is_first) {
                text.push(b',');
            }
            text.extend_from_slice(&self.text.as_bytes()[start - origin..end - origin]);
        };
        for member in &self.members {
            if is_left_out(member) {
                write(run.take());
                continue;
            }
            let end = member.value.as_ptr().addr() + member.value.len();
            run = Some((run.map_or(member.start, |(start, _)| start), end));
        }
        write(run);
    }
}

/// The members, before their text is known.
struct Found<'a>(Vec<Member<'a>>);

impl<'a> Scan<'a> for Found<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Option<Self> {
        let mut members = Vec::new();
        scanner.object(|scanner, name| {
            let value = <&str>::scan(scanner)?;
            // The quotation mark stands before the name.
            members.push(Member { name: name.into(), start: name.as_ptr().addr() - 1, value });
            Some(())
        })?;
        Some(Self(members))
    }
}

impl<'de> Deserialize<'de> for Found<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FoundVisitor;
        impl<'de> Visitor<'de> for FoundVisitor {
            type Value = Found<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    let start = name.get().as_ptr().addr();
                    let name =
                        serde_json::from_str::<String>(name.get()).map_err(serde::de::Error::custom)?;
                    members.push(Member { name: name.into(), start, value: value.get() });
                }
                Ok(Found(members))
            }
        }
        deserializer.deserialize_map(FoundVisitor)
    }
}

/// Makes a schema of arguments say that they are an object, if it does not: the protocol wants it said.
pub(crate) fn accept_objects(definition: &mut Tool) {
    let Ok(mut schema) = definition.input_schema.parse::<Members>() else { return };
    if schema.member("type").is_some_and(|kind| kind.as_str() == "\"object\"") {
        return;
    }
    let is_object_too = |kind: &RawJson| {
        kind.parse::<Vec<String>>().is_ok_and(|kinds| kinds.iter().any(|kind| kind == "object"))
    };
    if schema.member("type").is_none_or(is_object_too) {
        schema.set("type", RawJson::from_value("object").expect("text can be written"));
        definition.input_schema = RawJson::from_value(&schema).expect("members can be written");
    }
}

#[cfg(test)]
mod tests {
    use car_mcp_proto::capability::Implementation;

    use super::*;
    use crate::server::Server;

    fn forwarded(era: Era, passed: Passed, result: &str) -> String {
        let server = Server::builder(Implementation::new("gate")).build().unwrap();
        let result = RawJson::from_text(result).unwrap();
        let answer = server.inner.texts.forward(era, &RequestId::Number(1), &result, passed);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let inner = text.strip_prefix(r#"{"jsonrpc":"2.0","id":1,"result":"#).unwrap();
        inner.strip_suffix('}').unwrap().to_owned()
    }

    #[test]
    fn what_is_nobodys_but_the_other_servers_stays_byte_for_byte() {
        let own = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"gate","version":""}"#;
        for (passed, result, legacy, modern) in [
            (Passed::ToolResult, "{}", "{}".to_owned(), format!(r#"{{"resultType":"complete",{own}}}}}"#)),
            (
                Passed::ToolResult,
                r#"{ "content" : [ ] ,  "x": 1.0e2}"#,
                r#"{"content" : [ ] ,  "x": 1.0e2}"#.to_owned(),
                format!(r#"{{"content" : [ ] ,  "x": 1.0e2,"resultType":"complete",{own}}}}}"#),
            ),
            (
                Passed::ToolResult,
                r#"{"a":"\u00e9","resultType":"complete","b":2,"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"other"},"k": [1]}}"#,
                r#"{"a":"\u00e9","b":2,"_meta":{"k": [1]}}"#.to_owned(),
                format!(r#"{{"a":"\u00e9","b":2,"resultType":"complete",{own},"k": [1]}}}}"#),
            ),
            (
                Passed::ToolResult,
                r#"{"resultType":"complete","structuredContent":[1],"content":[]}"#,
                r#"{"content":[]}"#.to_owned(),
                format!(r#"{{"structuredContent":[1],"content":[],"resultType":"complete",{own}}}}}"#),
            ),
            (
                Passed::ToolResult,
                r#"{"structuredContent":{"a":1},"_meta":{"k":1}}"#,
                r#"{"structuredContent":{"a":1},"_meta":{"k":1}}"#.to_owned(),
                format!(r#"{{"structuredContent":{{"a":1}},"resultType":"complete",{own},"k":1}}}}"#),
            ),
            (
                Passed::Contents,
                r#"{"contents":[],"cacheScope":"public"}"#,
                r#"{"contents":[],"cacheScope":"public"}"#.to_owned(),
                format!(
                    r#"{{"contents":[],"resultType":"complete","ttlMs":0,"cacheScope":"private",{own}}}}}"#
                ),
            ),
            (
                Passed::Contents,
                r#"{"contents":[],"ttlMs":5}"#,
                r#"{"contents":[],"ttlMs":5}"#.to_owned(),
                format!(
                    r#"{{"contents":[],"ttlMs":5,"resultType":"complete","cacheScope":"private",{own}}}}}"#
                ),
            ),
            (
                Passed::Prompt,
                r#"{"messages":[],"_meta":{"io.modelcontextprotocol/serverInfo":{}}}"#,
                r#"{"messages":[]}"#.to_owned(),
                format!(r#"{{"messages":[],"resultType":"complete",{own}}}}}"#),
            ),
        ] {
            assert_eq!(forwarded(Era::Legacy, passed, result), legacy, "{result}");
            assert_eq!(forwarded(Era::Modern, passed, result), modern, "{result}");
        }
    }

    #[test]
    fn what_the_scanner_leaves_alone_is_read_the_long_way() {
        let deep = ["[".repeat(100), "]".repeat(100)].concat();
        let text = format!(r#"{{"\u0072esultType":"complete","n\u0061me":{deep}}}"#);
        assert_eq!(forwarded(Era::Legacy, Passed::ToolResult, &text), format!(r#"{{"n\u0061me":{deep}}}"#));
    }

    #[test]
    fn a_member_that_stands_twice_is_left_out_twice() {
        let text = r#"{"resultType":"a","x":1,"resultType":"b"}"#;
        assert_eq!(forwarded(Era::Legacy, Passed::ToolResult, text), r#"{"x":1}"#);
    }

    #[test]
    fn what_is_no_object_is_not_passed_on() {
        let server = Server::builder(Implementation::new("gate")).build().unwrap();
        let result = RawJson::from_text("[]").unwrap();
        let answer =
            server.inner.texts.forward(Era::Modern, &RequestId::Number(1), &result, Passed::ToolResult);
        assert_eq!(answer.error, Some(INTERNAL_ERROR));
    }

    #[test]
    fn a_schema_of_arguments_says_that_they_are_an_object() {
        for (given, expected) in [
            (r#"{ "type" : "object" }"#, r#"{ "type" : "object" }"#),
            ("{}", r#"{"type":"object"}"#),
            (r#"{"type":["object","null"],"x":1}"#, r#"{"type":"object","x":1}"#),
            (r#"{"type":"string"}"#, r#"{"type":"string"}"#),
        ] {
            let mut tool = Tool::new("a", RawJson::from_text(given).unwrap());
            accept_objects(&mut tool);
            assert_eq!(tool.input_schema.as_str(), expected);
        }
    }
}
