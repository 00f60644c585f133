//! The document that says which authorization servers a resource trusts (RFC 9728).

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE,
};
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Serialize;

use crate::server::body::ResponseBody;

/// Where the document of a resource without a path is (RFC 9728 §3).
pub(super) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// For how long the document may be kept: five minutes, so that a server that moves to another authorization server is
/// soon followed.
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The document (RFC 9728 §2).
#[derive(Clone, Debug, Serialize)]
pub(super) struct Document {
    pub(super) resource: String,
    pub(super) authorization_servers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) scopes_supported: Vec<String>,
    pub(super) bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_documentation: Option<String>,
}

impl Document {
    /// Answers a request for the document. It is public, so that pages of every origin may read it.
    pub(super) fn answer(&self, method: &Method) -> Response<ResponseBody> {
        let mut response = match *method {
            Method::GET | Method::HEAD => self.text(*method == Method::HEAD),
            Method::OPTIONS => {
                let mut response = Response::new(ResponseBody::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                let headers = response.headers_mut();
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
                headers
                    .insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("MCP-Protocol-Version"));
                response
            }
            _ => {
                let mut response = Response::new(ResponseBody::empty());
                *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, OPTIONS"));
                response
            }
        };
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }

    fn text(&self, is_head: bool) -> Response<ResponseBody> {
        let text = Bytes::from(serde_json::to_vec(self).expect("texts can be written"));
        let length = HeaderValue::from(text.len());
        let body = if is_head { ResponseBody::empty() } else { ResponseBody::full(text) };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, length);
        headers.insert(CACHE_CONTROL, CACHEABLE);
        response
    }
}
