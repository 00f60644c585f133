//! The envelope of a message: one pass that checks the text and finds the parts, then the rules of JSON-RPC.
//!
//! A member that stands twice is refused: two readers that take different ones would see different requests, and
//! checks that one of them makes would not hold for the other.

use std::fmt;

use bytes::Bytes;
use car_mcp_proto::rpc::{INVALID_REQUEST, PARSE_ERROR};
use car_mcp_proto::{ErrorObject, RequestId, method};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::failure::error;
use super::inbound::{Inbound, JsonSlice, Malformed, Notification, Request, Response};
use super::params::{FromMap, FromMember, Params, Part, RawParams, raw_object};
use super::scan::{Scan, Scanner, plain, scan};

/// How the methods of notifications begin.
const NOTIFICATION: &str = "notifications/";

/// Requests of extensions that are served here. They are not among the methods of the core.
const EXTENSION_REQUESTS: [&str; 3] = ["tasks/get", "tasks/update", "tasks/cancel"];

raw_object! {
    /// The parts of a message, not yet judged.
    Envelope {
        jsonrpc: &'a str = "jsonrpc",
        id: &'a str = "id",
        method: &'a str = "method",
        params: Part<RawParams<'a>> = "params",
        result: &'a str = "result",
        error: &'a str = "error",
    }
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("one JSON-RPC message, an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Envelope<'de>, A::Error> {
                Envelope::from_map(map)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// Tells a message apart.
pub(super) fn read(body: &Bytes) -> Result<Inbound, Malformed> {
    let text = std::str::from_utf8(body)
        .map_err(|cause| malformed(None, error(PARSE_ERROR, format!("expected UTF-8, found {cause}"))))?;
    let mut envelope = match scan::<Envelope<'_>>(text) {
        Some(envelope) => envelope,
        None => serde_json::from_str(text).map_err(|cause| malformed(None, not_an_envelope(text, &cause)))?,
    };
    let id = envelope.id.map(read_id);
    let known = id.as_ref().and_then(|id| id.as_ref().ok()).cloned();
    let refuse = |text: &str| malformed(known.clone(), error(INVALID_REQUEST, text.to_owned()));
    if envelope.repeated.is_some() {
        return Err(refuse("expected each member of the message once, found one twice"));
    }
    if envelope.jsonrpc != Some("\"2.0\"") {
        return Err(refuse("expected \"jsonrpc\": \"2.0\", found something else"));
    }
    let Some(name) = envelope.method else {
        return response(body, &envelope, known.clone()).map_err(refuse);
    };
    if envelope.result.is_some() || envelope.error.is_some() {
        return Err(refuse("expected a request or a response, found both"));
    }
    let name = match plain(name) {
        Some(name) => name.into(),
        None => serde_json::from_str::<Box<str>>(name)
            .map_err(|_| refuse("expected a string as `method`, found something else"))?,
    };
    match id {
        Some(Err(_)) => Err(refuse("expected a string or an integer as `id`, found something else")),
        Some(Ok(_)) if name.starts_with(NOTIFICATION) => {
            Err(refuse("expected a notification without `id`, found one with it"))
        }
        Some(Ok(id)) => {
            let parts = Params::read(envelope.params.take().unwrap_or_default(), text);
            Ok(Inbound::Request(Request::new(id, name, body.clone(), parts)))
        }
        None if is_request(&name) => Err(refuse("expected a request with `id`, found one without")),
        None => Ok(Inbound::Notification(Notification { method: name, params: params(body) })),
    }
}

/// Returns the parameters of a message that was read before, as they came. Most requests are served without.
pub(super) fn params(body: &Bytes) -> Option<JsonSlice> {
    #[derive(Deserialize)]
    struct Outer<'a> {
        #[serde(borrow)]
        params: Option<&'a RawValue>,
    }
    let outer: Outer<'_> = serde_json::from_slice(body).ok()?;
    Some(JsonSlice::cut(body, outer.params?.get()))
}

/// Reads an id. Nearly all are small numbers, which need no reader of JSON.
fn read_id(raw: &str) -> Result<RequestId, serde_json::Error> {
    let number = raw.parse().ok().filter(|_| raw.as_bytes().iter().all(u8::is_ascii_digit));
    number.map_or_else(|| serde_json::from_str(raw), |number| Ok(RequestId::Number(number)))
}

/// Reads a message that has no method.
fn response(body: &Bytes, envelope: &Envelope<'_>, id: Option<RequestId>) -> Result<Inbound, &'static str> {
    // `null` beside an `error` is how JSON-RPC 1.0 says that there is no result.
    let result = envelope.result.filter(|result| envelope.error.is_none() || *result != "null");
    let outcome = match (result, envelope.error) {
        (Some(result), None) => Ok(JsonSlice::cut(body, result)),
        (None, Some(error)) => Err(serde_json::from_str::<ErrorObject>(error)
            .map_err(|_| "expected an error object as `error`, found something else")?),
        (Some(_), Some(_)) => return Err("expected a `result` or an `error`, found both"),
        (None, None) => return Err("expected `method`, `result` or `error`, found none of them"),
    };
    let has_id = envelope.id.is_some_and(|id| id != "null");
    match id {
        None if has_id => Err("expected a string or an integer as `id`, found something else"),
        None if outcome.is_ok() => Err("expected an `id` beside the `result`, found none"),
        id => Ok(Inbound::Response(Response { id, outcome })),
    }
}

/// Tells text that is not JSON from JSON that is no message.
fn not_an_envelope(text: &str, cause: &serde_json::Error) -> ErrorObject {
    let is_json = cause.classify() == Category::Data && serde_json::from_str::<IgnoredAny>(text).is_ok();
    match is_json {
        true => error(INVALID_REQUEST, cause.to_string()),
        false => error(PARSE_ERROR, format!("expected JSON, found {cause}")),
    }
}

fn is_request(name: &str) -> bool {
    !name.starts_with(NOTIFICATION) && (method::NAMES.contains(&name) || EXTENSION_REQUESTS.contains(&name))
}

const fn malformed(id: Option<RequestId>, error: ErrorObject) -> Malformed {
    Malformed { id, error }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Members of messages, of parameters and of `_meta`.
    const NAMES: [&str; 16] = [
        "jsonrpc",
        "id",
        "method",
        "params",
        "params",
        "result",
        "error",
        "_meta",
        "_meta",
        "name",
        "n\\u0061me",
        "arguments",
        "progressToken",
        "io.modelcontextprotocol/protocolVersion",
        "io.modelcontextprotocol/clientInfo",
        "x",
    ];

    /// Right values, and some that are wrong in this place or in any.
    const VALUES: [&str; 12] = [
        "null",
        "true",
        "-1.5e3",
        "01",
        "\"2.0\"",
        "\"\\n\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "[1, {\"a\":null}]",
        "{}",
        "{",
        " 7 ",
    ];

    fn object() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(&VALUES[..]).prop_map(str::to_owned);
        leaf.prop_recursive(3, 24, 6, |inner| {
            let member = (prop::sample::select(&NAMES[..]), inner);
            let members =
                prop::collection::vec(member.prop_map(|(name, value)| format!("\"{name}\": {value}")), 0..6);
            members.prop_map(|members| format!("{{{}}}", members.join(",")))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_read_the_quick_way_is_what_serde_json_reads(text in object()) {
            if let Some(quick) = scan::<Envelope<'_>>(&text) {
                prop_assert_eq!(quick, serde_json::from_str::<Envelope<'_>>(&text).unwrap());
            }
        }
    }

    #[test]
    fn usual_requests_are_read_the_quick_way() {
        for text in [
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","arguments":{"b":"\n"}}}"#,
            r#" { "params" : { "_meta" : { "progressToken" : "x" } } , "id" : "1" , "unknown" : [ 1 ] } "#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        ] {
            assert!(scan::<Envelope<'_>>(text).is_some(), "{text}");
        }
    }
}
