//! JSON-RPC 2.0: ids that keep their type, messages told apart by shape, error objects.
//!
//! ```text
//! has `method`, has `id`   ─▶ Request          has `result`, `id`  ─▶ Response
//! has `method`, no `id`    ─▶ Notification     has `error`         ─▶ Error (id may be absent or null)
//! ```
//!
//! A response's result is read straight into the type that the caller waits for: the body is parsed once. What is
//! only passed on is borrowed as raw JSON from the input.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json::RawJson;

/// The text is not JSON.
pub const PARSE_ERROR: i64 = -32700;
/// The JSON is not a request.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters do not fit.
pub const INVALID_PARAMS: i64 = -32602;
/// The peer failed.
pub const INTERNAL_ERROR: i64 = -32603;
/// A header is missing or differs from the body (2026-07-28).
pub const HEADER_MISMATCH: i64 = -32020;
/// The request needs something that the client did not offer (2026-07-28).
pub const MISSING_CLIENT_CAPABILITY: i64 = -32021;
/// The server does not speak this revision (2026-07-28).
pub const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;

/// Identifies a request among those that are active on one connection. Keeps its JSON type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "MCP allows a string or an integer, and nothing else")]
pub enum RequestId {
    /// An integer.
    Number(i64),
    /// A string.
    Text(Box<str>),
}

impl From<i64> for RequestId {
    fn from(id: i64) -> Self {
        Self::Number(id)
    }
}

impl From<&str> for RequestId {
    fn from(id: &str) -> Self {
        Self::Text(id.into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(id) => write!(formatter, "{id}"),
            Self::Text(id) => write!(formatter, "{id:?}"),
        }
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(id) => serializer.serialize_i64(*id),
            Self::Text(id) => serializer.serialize_str(id),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = RequestId;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or an integer as id")
            }

            fn visit_i64<E>(self, id: i64) -> Result<RequestId, E> {
                Ok(RequestId::Number(id))
            }

            fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<RequestId, E> {
                i64::try_from(id)
                    .map(RequestId::Number)
                    .map_err(|_| E::custom("the id is too large an integer"))
            }

            fn visit_str<E>(self, id: &str) -> Result<RequestId, E> {
                Ok(RequestId::Text(id.into()))
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

open_object! {
    /// An error object.
    pub struct ErrorObject {
        /// What kind of error it is.
        req code: i64 = "code",
        /// What happened, in a sentence.
        dft message: String = "message",
        /// What a program needs to know about it.
        any data: RawJson = "data",
    }
}

impl fmt::Display for ErrorObject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (code {})", self.message, self.code)
    }
}

/// Holds one message that has come in, its result already read as `T`.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC has these four shapes")]
pub enum Incoming<'a, T> {
    /// The peer wants an answer.
    Request {
        /// Names the answer.
        id: RequestId,
        /// What it wants.
        method: Cow<'a, str>,
        /// With what.
        params: Option<&'a RawValue>,
    },
    /// The peer tells something.
    Notification {
        /// What it tells.
        method: Cow<'a, str>,
        /// With what.
        params: Option<&'a RawValue>,
    },
    /// The peer answers.
    Response {
        /// The request that it answers.
        id: RequestId,
        /// The answer.
        result: T,
    },
    /// The peer answers that it cannot.
    Error {
        /// The request that it answers; absent, or `null`, where the peer could not read it.
        id: Option<RequestId>,
        /// Why not.
        error: ErrorObject,
    },
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Incoming<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(IncomingVisitor(PhantomData))
    }
}

struct IncomingVisitor<'a, T>(PhantomData<(&'a (), T)>);

/// Holds the members of a message until its shape is known.
struct Shape<'a, T> {
    id: Option<RequestId>,
    method: Option<Cow<'a, str>>,
    params: Option<&'a RawValue>,
    result: Option<T>,
    error: Option<ErrorObject>,
}

impl<'a, T> Shape<'a, T> {
    fn told_apart<E: serde::de::Error>(self) -> Result<Incoming<'a, T>, E> {
        let Shape { id, method, params, result, error } = self;
        match (method, id, result, error) {
            (Some(method), Some(id), None, None) => Ok(Incoming::Request { id, method, params }),
            (Some(method), None, None, None) => Ok(Incoming::Notification { method, params }),
            (None, Some(id), Some(result), None) => Ok(Incoming::Response { id, result }),
            (None, id, None, Some(error)) => Ok(Incoming::Error { id, error }),
            (None, None, Some(_), None) => Err(E::custom("expected an `id` beside the `result`, found none")),
            (None, Some(_), None, None) => Err(E::custom("expected a `result` or an `error`, found neither")),
            (None, _, Some(_), Some(_)) => Err(E::custom("expected a `result` or an `error`, found both")),
            _ => {
                Err(E::custom("expected a JSON-RPC request, notification or response, found another object"))
            }
        }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for IncomingVisitor<'a, T> {
    type Value = Incoming<'a, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON-RPC message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut shape = Shape { id: None, method: None, params: None, result: None, error: None };
        while let Some(member) = map.next_key::<Member>()? {
            match member {
                Member::Jsonrpc => {
                    map.next_value::<Version>()?;
                }
                Member::Id => shape.id = map.next_value()?,
                Member::Method => shape.method = Some(map.next_value::<BorrowedText<'de>>()?.0),
                Member::Params => shape.params = map.next_value::<Option<&'de RawValue>>()?,
                // `null` beside an `error` is how JSON-RPC 1.0 says that there is no result.
                Member::Result => shape.result = map.next_value()?,
                Member::Error => shape.error = map.next_value()?,
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        shape.told_apart().map_err(|error: A::Error| A::Error::custom(error))
    }
}

#[derive(Deserialize)]
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

/// Accepts `"2.0"` only.
struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VersionVisitor;
        impl Visitor<'_> for VersionVisitor {
            type Value = Version;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the JSON-RPC version \"2.0\"")
            }

            fn visit_str<E: serde::de::Error>(self, version: &str) -> Result<Version, E> {
                match version {
                    "2.0" => Ok(Version),
                    other => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_str(VersionVisitor)
    }
}

/// Borrows text from the input unless it was written with escapes.
struct BorrowedText<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for BorrowedText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = BorrowedText<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<BorrowedText<'de>, E> {
                Ok(BorrowedText(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<BorrowedText<'de>, E> {
                Ok(BorrowedText(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

/// Holds the messages of one body: nearly always one, several from a 2025-03-26 server that batches.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a body is an object or an array")]
pub enum Batch<'a> {
    /// One message: the whole text.
    One(&'a str),
    /// The messages of an array, in order.
    Many(Vec<&'a RawValue>),
}

impl<'a> Batch<'a> {
    /// Splits a body into its messages without reading them.
    ///
    /// # Errors
    /// Says where an array is not JSON. A single message is not looked at here.
    pub fn split(body: &'a str) -> Result<Self, serde_json::Error> {
        match body.trim_start().starts_with('[') {
            true => serde_json::from_str(body).map(Self::Many),
            false => Ok(Self::One(body)),
        }
    }
}

/// Holds a message that is to be sent.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC has these four shapes")]
pub enum Outgoing<'a, P> {
    /// Wants an answer.
    Request {
        /// Names the answer.
        id: &'a RequestId,
        /// What is wanted.
        method: &'a str,
        /// With what.
        params: P,
    },
    /// Tells something.
    Notification {
        /// What is told.
        method: &'a str,
        /// With what, if anything.
        params: Option<P>,
    },
    /// Answers.
    Response {
        /// The request that is answered.
        id: &'a RequestId,
        /// The answer.
        result: P,
    },
    /// Answers that it cannot be done.
    Error {
        /// The request that is answered, if it could be read.
        id: Option<&'a RequestId>,
        /// Why not.
        error: &'a ErrorObject,
    },
}

impl<P: Serialize> Serialize for Outgoing<'_, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("jsonrpc", "2.0")?;
        match self {
            Self::Request { id, method, params } => {
                map.serialize_entry("id", id)?;
                map.serialize_entry("method", method)?;
                map.serialize_entry("params", params)?;
            }
            Self::Notification { method, params } => {
                map.serialize_entry("method", method)?;
                if let Some(params) = params {
                    map.serialize_entry("params", params)?;
                }
            }
            Self::Response { id, result } => {
                map.serialize_entry("id", id)?;
                map.serialize_entry("result", result)?;
            }
            Self::Error { id, error } => {
                if let Some(id) = id {
                    map.serialize_entry("id", id)?;
                }
                map.serialize_entry("error", error)?;
            }
        }
        map.end()
    }
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
