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
use super::params::{Params, Part, RawParams};

/// How the methods of notifications begin.
const NOTIFICATION: &str = "notifications/";

/// Requests of extensions that are served here. They are not among the methods of the core.
const EXTENSION_REQUESTS: [&str; 3] = ["tasks/get", "tasks/update", "tasks/cancel"];

/// The parts of a message, not yet judged.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<Part<RawParams<'a>>>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    repeated: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Member {
    Jsonrpc,
    Id,
    Method,
    Params,
    Result,
    Error,
    #[serde(other)]
    Other,
}

impl<'de> Deserialize<'de> for Envelope<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor;
        impl<'de> Visitor<'de> for EnvelopeVisitor {
            type Value = Envelope<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("one JSON-RPC message, an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(member) = map.next_key::<Member>()? {
                    let place = match member {
                        Member::Jsonrpc => &mut envelope.jsonrpc,
                        Member::Id => &mut envelope.id,
                        Member::Method => &mut envelope.method,
                        Member::Params => {
                            envelope.repeated |= envelope.params.replace(map.next_value()?).is_some();
                            continue;
                        }
                        Member::Result => &mut envelope.result,
                        Member::Error => &mut envelope.error,
                        Member::Other => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    envelope.repeated |= place.replace(map.next_value()?).is_some();
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor)
    }
}

/// Tells a message apart.
pub(super) fn read(body: &Bytes) -> Result<Inbound, Malformed> {
    let text = std::str::from_utf8(body)
        .map_err(|cause| malformed(None, error(PARSE_ERROR, format!("expected UTF-8, found {cause}"))))?;
    let mut envelope: Envelope<'_> =
        serde_json::from_str(text).map_err(|cause| malformed(None, not_an_envelope(text, &cause)))?;
    let id = envelope.id.map(|id| serde_json::from_str::<RequestId>(id.get()));
    let known = id.as_ref().and_then(|id| id.as_ref().ok()).cloned();
    let refuse = |text: &str| malformed(known.clone(), error(INVALID_REQUEST, text.to_owned()));
    if envelope.repeated {
        return Err(refuse("expected each member of the message once, found one twice"));
    }
    if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(refuse("expected \"jsonrpc\": \"2.0\", found something else"));
    }
    let Some(name) = envelope.method else {
        return response(body, &envelope, known.clone()).map_err(refuse);
    };
    if envelope.result.is_some() || envelope.error.is_some() {
        return Err(refuse("expected a request or a response, found both"));
    }
    let Ok(name) = serde_json::from_str::<Box<str>>(name.get()) else {
        return Err(refuse("expected a string as `method`, found something else"));
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

/// Reads a message that has no method.
fn response(body: &Bytes, envelope: &Envelope<'_>, id: Option<RequestId>) -> Result<Inbound, &'static str> {
    let is_null = |raw: &RawValue| raw.get() == "null";
    // `null` beside an `error` is how JSON-RPC 1.0 says that there is no result.
    let result = envelope.result.filter(|result| envelope.error.is_none() || !is_null(result));
    let outcome = match (result, envelope.error) {
        (Some(result), None) => Ok(JsonSlice::cut(body, result.get())),
        (None, Some(error)) => Err(serde_json::from_str::<ErrorObject>(error.get())
            .map_err(|_| "expected an error object as `error`, found something else")?),
        (Some(_), Some(_)) => return Err("expected a `result` or an `error`, found both"),
        (None, None) => return Err("expected `method`, `result` or `error`, found none of them"),
    };
    let has_id = envelope.id.is_some_and(|id| !is_null(id));
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
