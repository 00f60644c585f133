//! What a request can fail with, and how that goes over the wire. The one place that maps errors to the wire.

use std::error::Error as StdError;

use car_connectors::engine::{EngineError, RuleRef};
use car_connectors::store::StoreError;
use serde::Serialize;

/// A request failed with something of the facade: `data.kind` says what.
const FAILED: i32 = -32_000;

/// Whoever asks may not use the method: `data` says what it needs, and what they have.
const FORBIDDEN: i32 = -32_001;

/// An error object of JSON-RPC.
#[derive(Debug, Serialize)]
pub(crate) struct RpcError {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<Data>>,
}

/// What a front end shows beside the message.
#[derive(Debug, Default, Serialize)]
struct Data {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    /// The rule that denies a call, and where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleRef>,
    /// What the method needs, and what the visitor has.
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has: Option<&'static str>,
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

    /// Whoever asks may not use the method.
    pub(crate) fn forbidden(method: &str, needed: &'static str, has: &'static str) -> Self {
        let hint = Some("use a token that may, or ask whoever runs the daemon".to_owned());
        let data = Data { kind: "forbidden", needed: Some(needed), has: Some(has), hint, ..Data::default() };
        let message = format!("{method}: expected a token for {needed}, found one for {has}");
        Self { code: FORBIDDEN, message, data: Some(Box::new(data)) }
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: String, hint: &str) -> Self {
        let data = Data { kind: "not_found", hint: Some(hint.to_owned()), ..Data::default() };
        Self { code: FAILED, message, data: Some(Box::new(data)) }
    }

    /// No sign-in waits for an answer, or none that is there for whoever brings it.
    pub(crate) fn no_sign_in() -> Self {
        let hint = Some("begin the sign-in again".to_owned());
        let data = Data { kind: "sign_in_failed", hint, ..Data::default() };
        Self {
            code: FAILED,
            message: "no sign-in waits for this answer".to_owned(),
            data: Some(Box::new(data)),
        }
    }

    /// There is no such connector among those that are there for whoever asks.
    pub(crate) fn no_connector(slug: &str, known: &[String]) -> Self {
        let hint = match known {
            [] => "there are no connectors".to_owned(),
            known => format!("the connectors are: {}", known.join(", ")),
        };
        Self::not_found(format!("there is no connector {slug:?}"), &hint)
    }

    /// Leaves out a hint that may name connectors of others.
    pub(crate) fn without_names(mut self) -> Self {
        if let Some(data) = &mut self.data
            && data.kind == "not_found"
        {
            data.hint = None;
        }
        self
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
            rule: error.rule().cloned(),
            ..Data::default()
        };
        Self { code: FAILED, message: error.to_string(), data: Some(Box::new(data)) }
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        car_connectors::Error::from(error).into()
    }
}

impl From<EngineError> for RpcError {
    fn from(error: EngineError) -> Self {
        Self::engine(error, "`car doctor` looks at the event log")
    }
}

impl RpcError {
    /// The policy's file could not be changed.
    pub(crate) fn of_policy(method: &str, error: EngineError) -> Self {
        match &error {
            EngineError::InvalidRule { reason } => Self::invalid_params(method, reason),
            EngineError::BrokenPolicy { problem, .. } => {
                let rule = Some(problem.as_ref().clone());
                let mut broken =
                    Self::engine(error, "mend the file at that place; until then every call is denied");
                if let Some(data) = &mut broken.data {
                    data.rule = rule;
                }
                broken
            }
            _ => Self::engine(error, "the file is as it was; `car doctor` looks at the state folder"),
        }
    }

    fn engine(error: EngineError, hint: &str) -> Self {
        let causes = error.source().map(ToString::to_string).into_iter().collect();
        let data = Data { kind: "storage", hint: Some(hint.to_owned()), causes, ..Data::default() };
        Self { code: FAILED, message: error.to_string(), data: Some(Box::new(data)) }
    }
}
