//! Why a handler gives no result.

use std::fmt;

use car_mcp_proto::ErrorObject;
use car_mcp_proto::mrtr::InputRequired;
use car_mcp_proto::rpc::{INTERNAL_ERROR, INVALID_PARAMS};

/// Why a handler gives no result.
///
/// Every error converts into one with `?`. Like other catch-all errors it is no [`std::error::Error`] itself, because
/// that would rule the conversion out.
pub struct Failure(pub(crate) Reason);

pub(crate) enum Reason {
    /// The tool failed: a result with `isError`, which the model reads. Elsewhere an internal error.
    Failed(String),
    /// The request is answered with an error.
    Error(ErrorObject),
    /// There is no resource at this URI. Each era has a code of its own for it.
    NotFound(Box<str>),
    /// The request is answered with a round of questions (modern).
    InputRequired(Box<InputRequired>),
}

impl Failure {
    /// Says that the work failed. A model reads the text of a failed tool: say what to do next.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Reason::Failed(text.into()))
    }

    /// Answers with a JSON-RPC error.
    pub const fn protocol(error: ErrorObject) -> Self {
        Self(Reason::Error(error))
    }

    /// Says that the parameters do not fit (-32602).
    pub fn invalid_params(text: impl Into<String>) -> Self {
        Self(Reason::Error(error(INVALID_PARAMS, text.into())))
    }

    /// Says that there is no resource at this URI. Each era is told by its own code.
    pub fn resource_not_found(uri: &str) -> Self {
        Self(Reason::NotFound(uri.into()))
    }

    /// Returns whether it is no failure but a round of questions to a modern client, to which the handler's function will
    /// be called again.
    pub const fn is_question(&self) -> bool {
        matches!(self.0, Reason::InputRequired(_))
    }

    /// Says that the server itself failed (-32603). The text goes to the client.
    pub fn internal(text: impl Into<String>) -> Self {
        Self(Reason::Error(error(INTERNAL_ERROR, text.into())))
    }
}

pub(crate) fn error(code: i64, message: String) -> ErrorObject {
    let mut error = ErrorObject::new(code);
    error.message = message;
    error
}

impl<E: std::error::Error> From<E> for Failure {
    /// Tells the error and what caused it, joined by colons.
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Failed(text) => formatter.write_str(text),
            Reason::Error(error) => error.fmt(formatter),
            Reason::NotFound(uri) => write!(formatter, "there is no resource {uri:?}"),
            Reason::InputRequired(_) => formatter.write_str("the client has to be asked first"),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Failed(text) => formatter.debug_tuple("Failed").field(text).finish(),
            Reason::Error(error) => formatter.debug_tuple("Error").field(error).finish(),
            Reason::NotFound(uri) => formatter.debug_tuple("NotFound").field(uri).finish(),
            Reason::InputRequired(_) => formatter.write_str("InputRequired"),
        }
    }
}
