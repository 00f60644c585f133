//! What is answered to a request that is not let in: a status, and a JSON-RPC error that says why.

use car_mcp::proto::rpc::INVALID_REQUEST;
use car_mcp::proto::{ErrorObject, RequestId};
use car_mcp::server::Answer;
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::body::ResponseBody;

/// How soon a client that found no place may try again, in seconds. Places are free within moments, or not for long.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Returns an error object of a code and a sentence.
pub(crate) fn error(code: i64, message: impl Into<String>) -> ErrorObject {
    let mut error = ErrorObject::new(code);
    error.message = message.into();
    error
}

/// Returns a response with a JSON body.
pub(crate) fn json(status: StatusCode, body: impl Into<bytes::Bytes>) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// Returns a response with a status and nothing else.
pub(crate) fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

/// Refuses with a JSON-RPC error that echoes the id, where it could be read.
pub(crate) fn refuse(
    status: StatusCode,
    id: Option<&RequestId>,
    error: &ErrorObject,
) -> Response<ResponseBody> {
    json(status, Answer::error(id, error).body)
}

/// Refuses a request that is not looked at any further.
pub(crate) fn refuse_unread(status: StatusCode, message: impl Into<String>) -> Response<ResponseBody> {
    refuse(status, None, &error(INVALID_REQUEST, message))
}

/// Refuses a request whose body will not be read: the connection cannot be used for another one.
pub(crate) fn refuse_and_close(status: StatusCode, message: impl Into<String>) -> Response<ResponseBody> {
    let mut response = refuse_unread(status, message);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Refuses a method, and names those that there are.
pub(crate) fn refuse_method(allowed: &'static str) -> Response<ResponseBody> {
    let mut response = refuse_unread(StatusCode::METHOD_NOT_ALLOWED, format!("expected one of {allowed}"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Says that everything is taken, and when to try again.
pub(crate) fn refuse_for_now(id: Option<&RequestId>, message: &str) -> Response<ResponseBody> {
    let mut response = refuse(StatusCode::SERVICE_UNAVAILABLE, id, &error(INVALID_REQUEST, message));
    response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
    response
}
