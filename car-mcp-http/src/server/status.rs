//! Which HTTP status says what a JSON-RPC error says.
//!
//! Source: specification 2026-07-28, "Streamable HTTP", sections "Protocol version header" and "Server validation";
//! "Base protocol", section `_meta`.

use car_mcp::proto::rpc::{
    HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, MISSING_CLIENT_CAPABILITY, PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
};
use http::StatusCode;

/// Returns the status of an answer that a modern request was given, by its error's code if it is one.
///
/// Errors of the work itself, wrong arguments among them, are answers like any other.
pub(super) const fn of_answer(error: Option<i64>) -> StatusCode {
    match error {
        Some(METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(
            PARSE_ERROR
            | INVALID_REQUEST
            | HEADER_MISMATCH
            | MISSING_CLIENT_CAPABILITY
            | UNSUPPORTED_PROTOCOL_VERSION,
        ) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// Returns the status of a request that did not pass the checks before it was let in: there -32602 too is a fault of
/// the request as such (`_meta` is missing).
pub(super) const fn of_refusal(code: i64) -> StatusCode {
    match code {
        METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_the_status_that_the_specification_gives_it() {
        for (code, answer, refusal) in [
            (-32700, 400, 400),
            (-32600, 400, 400),
            (-32601, 404, 404),
            (-32602, 200, 400),
            (-32603, 200, 400),
            (-32020, 400, 400),
            (-32021, 400, 400),
            (-32022, 400, 400),
            (-32042, 200, 400),
            (17, 200, 400),
        ] {
            assert_eq!(of_answer(Some(code)), answer, "{code}");
            assert_eq!(of_refusal(code), refusal, "{code}");
        }
        assert_eq!(of_answer(None), 200);
    }
}
