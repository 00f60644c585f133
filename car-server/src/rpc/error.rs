//! What a request can fail with, and how that goes over the wire. The one place that maps errors to the wire.

use std::error::Error as StdError;

use serde::Serialize;

/// A request failed with something of the facade: `data.kind` says what.
const FAILED: i32 = -32_000;

/// An error object of JSON-RPC.
#[derive(Debug, Serialize)]
pub(crate) struct RpcError {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

/// What a front end shows beside the message.
#[derive(Debug, Serialize)]
struct Data {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
}

impl RpcError {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The frame is not JSON.
    pub(crate) fn parse(error: &serde_json::Error) -> Self {
        Self::new(-32_700, format!("expected one JSON-RPC message, found no JSON: {error}"))
    }

    /// The frame is JSON, and no request.
    pub(crate) fn invalid_request(what: impl Into<String>) -> Self {
        Self::new(-32_600, what)
    }

    /// There is no such method.
    pub(crate) fn unknown_method(method: &str, near: Option<&str>) -> Self {
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        Self::new(-32_601, format!("there is no method {method:?}{near}"))
    }

    /// The parameters do not fit. The message names the member.
    pub(crate) fn invalid_params(method: &str, what: &str) -> Self {
        Self::new(-32_602, format!("{method}: {what}"))
    }

    /// The daemon itself failed.
    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::new(-32_603, what)
    }

    /// The result could not be written.
    pub(crate) fn unwritten(error: &serde_json::Error) -> Self {
        Self::internal(format!("the result could not be written: {error}"))
    }
}

impl From<car_connectors::Error> for RpcError {
    fn from(error: car_connectors::Error) -> Self {
        let mut causes = Vec::new();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        let data = Data {
            kind: error.kind().as_str(),
            connector: error.connector().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            causes,
        };
        Self { code: FAILED, message: error.to_string(), data: Some(data) }
    }
}

impl From<car_connectors::engine::EngineError> for RpcError {
    fn from(error: car_connectors::engine::EngineError) -> Self {
        let causes = error.source().map(ToString::to_string).into_iter().collect();
        let hint = Some("`car doctor` looks at the event log".to_owned());
        let data = Data { kind: "storage", connector: None, hint, causes };
        Self { code: FAILED, message: error.to_string(), data: Some(data) }
    }
}
