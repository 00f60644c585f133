//! A request as it goes on the wire: what the client adds, takes away and replaces.

use crate::{client::Shared, payload::Payload, request::Request, target::Scheme};
use http::{HeaderValue, Method, Uri, header};

impl Shared {
    pub(crate) fn http1_message(&self, request: &Request) -> hyper::Request<Payload> {
        let target = &request.target;
        let proxy = match target.origin().scheme() {
            Scheme::Http => self.proxy.for_target(target),
            Scheme::Https => None,
        };
        let uri = if proxy.is_some() { target.absolute_form() } else { target.origin_form() };
        let mut message = self.message(request, uri.clone());
        message.headers_mut().insert(header::HOST, target.host_header().clone());
        if let Some(authorization) = proxy.as_ref().and_then(|proxy| proxy.authorization()) {
            message.headers_mut().insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        message
    }

    pub(crate) fn http2_message(&self, request: &Request) -> hyper::Request<Payload> {
        let mut message = self.message(request, request.target.absolute_form().clone());
        // HTTP/2 says it in `:authority`.
        message.headers_mut().remove(header::HOST);
        *message.version_mut() = http::Version::HTTP_2;
        message
    }

    fn message(&self, request: &Request, uri: Uri) -> hyper::Request<Payload> {
        let mut message = hyper::Request::new(Payload(request.body.clone()));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = uri;
        // A copy, because a redirect or a repetition needs the headers once more.
        let mut headers = request.headers.clone();
        headers.remove(header::TRANSFER_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        if request.body.is_empty() && matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
            // RFC 9110 §8.6: a method that means to bring a body says so when it is empty.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        if let Some(user_agent) = &self.user_agent
            && !headers.contains_key(header::USER_AGENT)
        {
            headers.insert(header::USER_AGENT, user_agent.clone());
        }
        *message.headers_mut() = headers;
        message
    }
}
