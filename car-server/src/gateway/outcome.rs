//! What came of a request, as its client is told: a model reads the text of a failed tool, so it says what to do.

use std::error::Error as _;

use car_connectors::mcp;
use car_connectors::mcp::proto::rpc::{
    HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, UNSUPPORTED_PROTOCOL_VERSION,
};
use car_connectors::mcp::proto::{ErrorObject, RawJson, legacy};
use car_connectors::mcp::server::Failure;
use car_connectors::{Error, ErrorKind};

/// The visitor may not do this: `data` says which scope it needs.
const NOT_ALLOWED: i64 = -32_001;

/// What a server says of the wire between it and us, of which the client knows nothing: that a message cannot be read, that
/// there is no such method, that headers or revision are wrong.
const OF_THE_WIRE: [i64; 5] =
    [PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, HEADER_MISMATCH, UNSUPPORTED_PROTOCOL_VERSION];

/// Returns why a visitor who may only look is refused.
pub(super) fn not_allowed() -> Failure {
    let mut error = ErrorObject::new(NOT_ALLOWED);
    "this token may look and not call: it needs the scope call".clone_into(&mut error.message);
    error.data = RawJson::from_value(&serde_json::json!({"needed": "call", "has": "read"})).ok();
    Failure::protocol(error)
}

/// Returns why a client that comes back with answers finds no call that waits for them.
pub(super) fn not_waiting() -> Failure {
    Failure::new(
        "the call that asked this does not wait any more: it was given up, or answered by another request; call again",
    )
}

/// Returns how a tool's failure is told: as its result, unless its server said otherwise.
pub(super) fn of_tool(error: &Error) -> Failure {
    match refused(error) {
        Some(refused) => of_server(refused),
        None => Failure::new(text(error)),
    }
}

/// Returns how it is told that a prompt could not be got.
pub(super) fn of_prompt(error: &Error) -> Failure {
    match (refused(error), error.kind()) {
        (Some(refused), _) => of_server(refused),
        (None, ErrorKind::NotFound | ErrorKind::NotEnabled) => Failure::invalid_params(text(error)),
        (None, _) => Failure::new(text(error)),
    }
}

/// Returns how it is told that a resource could not be read.
pub(super) fn of_resource(error: &Error, uri: &str) -> Failure {
    match (refused(error), error.kind()) {
        (Some(refused), _) if refused.code == legacy::RESOURCE_NOT_FOUND => Failure::resource_not_found(uri),
        (Some(refused), _) => of_server(refused),
        (None, ErrorKind::NotFound | ErrorKind::NotEnabled) => Failure::resource_not_found(uri),
        (None, _) => Failure::new(text(error)),
    }
}

/// Returns what a connector's server itself answered, if it was that.
fn refused(error: &Error) -> Option<&ErrorObject> {
    match error.source()?.downcast_ref()? {
        mcp::Error::Refused { error, .. } => Some(error),
        _ => None,
    }
}

/// Passes a server's error on, with its code and data, unless it is about the wire between it and us.
fn of_server(error: &ErrorObject) -> Failure {
    if OF_THE_WIRE.contains(&error.code) {
        return Failure::internal(format!("the connector's server answered with an error: {error}"));
    }
    Failure::protocol(error.clone())
}

/// Returns all that is known, in one text: what happened, to which connector, why, and what to do.
fn text(error: &Error) -> String {
    let mut text = match error.connector() {
        Some(connector) => format!("{connector}: {error}"),
        None => error.to_string(),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    let who = match error.kind() {
        ErrorKind::Denied | ErrorKind::NotEnabled | ErrorKind::Changed | ErrorKind::Untrusted => {
            "; that is for whoever runs this daemon to decide"
        }
        _ => "",
    };
    text.push_str(who);
    if let Some(hint) = error.hint() {
        text.push_str("; ");
        text.push_str(hint);
    }
    text
}
