//! Messages from a client, told apart and cut into parts, but not yet judged.
//!
//! ```text
//!  body ─▶ Inbound::read ─▶ Request      {id, method, params}      parts are slices of the body: nothing is copied
//!                       ├─▶ Notification {method, params}
//!                       ├─▶ Response     {id, result | error}      (legacy)
//!                       └─▶ Malformed    {id?, error}              (-32700, -32600)
//! ```
//!
//! Source: JSON-RPC 2.0; specification 2026-07-28, "Base protocol".

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use car_mcp_proto::capability::{ClientCapabilities, Implementation};
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::progress::ProgressToken;
use car_mcp_proto::rpc::INVALID_PARAMS;
use car_mcp_proto::{ErrorObject, RequestId, meta};
use serde::de::DeserializeOwned;

use super::envelope;
use super::failure::error;
use super::params::{Params, Span};

/// One JSON value as a slice of the message that it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonSlice(Bytes);

impl JsonSlice {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only JSON text is cut")
    }

    /// Returns the text as the bytes that came.
    pub const fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// Reads the text as a type.
    ///
    /// # Errors
    /// Returns serde_json's message when the text has another shape.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// Cuts a part, which must lie in the body, out of it.
    pub(crate) fn cut(body: &Bytes, part: &str) -> Self {
        Self(body.slice_ref(part.as_bytes()))
    }

    /// Cuts a part out of this text.
    pub(crate) fn part(&self, span: Span) -> Self {
        Self(self.0.slice(span.range()))
    }
}

/// One message.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "JSON-RPC has these shapes")]
pub enum Inbound {
    /// Wants an answer.
    Request(Request),
    /// Tells something.
    Notification(Notification),
    /// Answers a request of the server's (legacy).
    Response(Response),
}

/// A request.
///
/// It goes through many hands on its way to a handler, so what it holds stays where it was put.
#[derive(Clone, Debug)]
pub struct Request(Box<Contents>);

#[derive(Clone, Debug)]
struct Contents {
    id: RequestId,
    method: Box<str>,
    /// The whole message.
    body: JsonSlice,
    /// The parameters as they came, once somebody has asked for them.
    params: OnceLock<Option<JsonSlice>>,
    /// What the parameters hold.
    parts: Params,
}

/// A notification.
#[derive(Clone, Debug)]
pub struct Notification {
    pub(crate) method: Box<str>,
    pub(crate) params: Option<JsonSlice>,
}

/// What a client answers to a request of the server's.
#[derive(Clone, Debug)]
pub struct Response {
    pub(crate) id: Option<RequestId>,
    pub(crate) outcome: Result<JsonSlice, ErrorObject>,
}

/// A text that is no message.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Malformed {
    /// The id of the request, where it could be read.
    pub id: Option<RequestId>,
    /// What is wrong: -32700 where the text is not JSON, -32600 where the JSON is no message.
    pub error: ErrorObject,
}

/// What a modern request says of itself in `_meta`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestMeta {
    /// The revision in which it is made, as it stands there.
    pub version: Box<str>,
    /// What the client offers for this request.
    pub client_capabilities: ClientCapabilities,
    /// Who the client says it is.
    pub client_info: Option<Implementation>,
    /// The least serious log level to send; nothing is sent without it.
    pub log_level: Option<LoggingLevel>,
    /// Asks for progress, and names the request in it.
    pub progress_token: Option<ProgressToken>,
}

impl Inbound {
    /// Tells a message apart.
    ///
    /// # Errors
    /// Says that the text is not UTF-8, not one JSON value, or no JSON-RPC message.
    pub fn read(body: &Bytes) -> Result<Self, Malformed> {
        envelope::read(body)
    }
}

impl Request {
    pub(super) fn new(id: RequestId, method: Box<str>, body: Bytes, parts: Params) -> Self {
        Self(Box::new(Contents { id, method, body: JsonSlice(body), params: OnceLock::new(), parts }))
    }

    /// Returns what the parameters hold.
    pub(crate) fn parts(&self) -> &Params {
        &self.0.parts
    }

    /// Takes out by what the request asks for progress.
    pub(crate) fn take_progress_token(&mut self) -> Option<ProgressToken> {
        self.0.parts.progress_token.take()
    }

    /// Returns the id.
    pub const fn id(&self) -> &RequestId {
        &self.0.id
    }

    /// Returns the method.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// Returns the parameters as they came.
    pub fn params(&self) -> Option<&JsonSlice> {
        self.0.params.get_or_init(|| envelope::params(&self.0.body.0)).as_ref()
    }

    /// Returns whether the request says in `_meta` in which revision it is made, which makes it a modern one.
    pub const fn is_modern(&self) -> bool {
        self.0.parts.names_version
    }

    /// Returns the value that the header `Mcp-Name` repeats: `params.name`, `params.uri` or `params.taskId`, as the
    /// method has it; nothing for a method that has none.
    ///
    /// # Errors
    /// Says that the method needs one and the parameters do not hold it (-32602).
    pub fn header_name(&self) -> Result<Option<&str>, ErrorObject> {
        self.0.parts.check()?;
        self.0.parts.subject(&self.0.method)
    }

    /// Returns `params.arguments`, which the headers `Mcp-Param-*` repeat; nothing where there are none.
    pub fn arguments(&self) -> Option<JsonSlice> {
        self.part(self.0.parts.arguments)
    }

    /// Reads what a modern request has to say of itself.
    ///
    /// # Errors
    /// Says which required member of `_meta` is missing or wrong (-32602).
    pub fn meta(&self) -> Result<&RequestMeta, ErrorObject> {
        self.shared_meta().map(|meta| &**meta)
    }

    /// As [`Request::meta`], to be kept.
    pub(crate) fn shared_meta(&self) -> Result<&Arc<RequestMeta>, ErrorObject> {
        self.0.parts.check()?;
        match &self.0.parts.meta {
            Some(meta) => meta.as_ref().map_err(|error| (**error).clone()),
            None => Err(invalid(format!("expected {:?} in `_meta`, found none", meta::PROTOCOL_VERSION))),
        }
    }

    /// Reads the parameters as the method's own type; absent ones as an empty object.
    ///
    /// # Errors
    /// Says what does not fit (-32602).
    pub(crate) fn parse_params<T: DeserializeOwned>(&self) -> Result<T, ErrorObject> {
        self.0.parts.check()?;
        serde_json::from_str(self.params().map_or("{}", JsonSlice::as_str))
            .map_err(|error| invalid(format!("the parameters of {:?} do not fit: {error}", self.0.method)))
    }

    /// Cuts a member out of the parameters.
    pub(crate) fn part(&self, span: Option<Span>) -> Option<JsonSlice> {
        span.map(|span| self.0.body.part(span))
    }
}

/// Says that parameters do not fit.
pub(crate) fn invalid(text: String) -> ErrorObject {
    error(INVALID_PARAMS, text)
}

impl Notification {
    /// Returns the method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the parameters as they came.
    pub const fn params(&self) -> Option<&JsonSlice> {
        self.params.as_ref()
    }
}

impl Response {
    /// Returns the id of the request that is answered.
    pub const fn id(&self) -> Option<&RequestId> {
        self.id.as_ref()
    }
}
