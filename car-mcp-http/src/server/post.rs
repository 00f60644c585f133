//! A POST: one message, or a legacy batch, on its way to the era that answers it.

use bytes::Bytes;
use car_mcp::proto::rpc::INVALID_REQUEST;
use car_mcp::proto::{Era, ErrorObject, RequestId};
use car_mcp::server::{Caller, Exchange, Inbound, Malformed, Request};
use car_mcp::transport::BoxFuture;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body::Body;

use super::body::ResponseBody;
use super::era::era;
use super::legacy::{self, Sessions};
use super::media::{self, Accepts};
use super::modern::{self, Plan};
use super::options::Answers;
use super::read::{Unread, read_body};
use super::refusal::{empty, error, refuse, refuse_and_close, refuse_for_now, refuse_unread};
use super::service::Shared;
use super::{check, status};

/// The modern method whose answer is a stream by nature.
const LISTEN: &str = "subscriptions/listen";
/// The legacy method that a modern server is asked by old clients.
const INITIALIZE: &str = "initialize";

/// What is left to do for a request once it has been looked at.
enum Next<'a> {
    /// Nothing.
    Respond(Response<ResponseBody>),
    Modern(Modern),
    /// On the heap, so that modern requests do not carry its state.
    Legacy(BoxFuture<'a, Response<ResponseBody>>),
}

/// A modern request that was let in.
struct Modern {
    exchange: Exchange,
    id: RequestId,
    plan: Plan,
}

impl Shared {
    pub(super) async fn post<B>(&self, head: &Parts, body: B, caller: Caller) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes>,
    {
        if !media::is_json(&head.headers) {
            let text = "expected Content-Type: application/json, found another or none";
            return refuse_unread(StatusCode::UNSUPPORTED_MEDIA_TYPE, text);
        }
        let accepts = Accepts::read(&head.headers);
        if accepts.is_nothing() {
            let text = "expected Accept to allow application/json or text/event-stream, found neither";
            return refuse_unread(StatusCode::NOT_ACCEPTABLE, text);
        }
        let (most, within) = (self.limits.max_body_bytes, self.limits.body_timeout);
        let body = match read_body(&head.headers, body, most, within).await {
            Ok(body) => body,
            Err(unread) => return refuse_body(unread, most),
        };
        // Nothing of the message is kept while it is waited for.
        let (response, id) = match self.look_at(head, body, caller, accepts) {
            Next::Respond(response) => return response,
            Next::Modern(Modern { exchange, id, plan }) => {
                (modern::answer(exchange, id.clone(), plan).await, Some(id))
            }
            Next::Legacy(response) => (response.await, None),
        };
        self.placed(response, id.as_ref())
    }

    /// Decides who answers a message, and lets modern ones in.
    fn look_at<'a>(&'a self, head: &'a Parts, body: Bytes, caller: Caller, accepts: Accepts) -> Next<'a> {
        if body.trim_ascii_start().first() == Some(&b'[') {
            return self.batch(head, body, caller);
        }
        let message = match Inbound::read(&body) {
            Ok(message) => message,
            Err(malformed) => return Next::Respond(refuse_malformed(&malformed)),
        };
        match message {
            Inbound::Request(request) => match self.era(head, request.is_modern()) {
                Era::Modern => self.modern(head, request, caller, accepts),
                Era::Legacy => match self.permit_legacy(&caller, &request) {
                    Ok(()) => self.legacy(head, Inbound::Request(request), caller),
                    Err(response) => Next::Respond(*response),
                },
            },
            message => match (self.era(head, false), &message) {
                (Era::Legacy, _) => self.legacy(head, message, caller),
                (Era::Modern, Inbound::Notification(_)) => Next::Respond(self.modern_notification(head)),
                (Era::Modern, _) => {
                    let text = "expected a request, found a response";
                    Next::Respond(refuse_unread(StatusCode::BAD_REQUEST, text))
                }
            },
        }
    }

    /// Returns the era that answers a message; legacy clients of a server that does not serve them are told so by the
    /// modern one.
    fn era(&self, head: &Parts, has_meta: bool) -> Era {
        match self.sessions.is_some() {
            true => era(&head.headers, has_meta),
            false => Era::Modern,
        }
    }

    fn modern(&self, head: &Parts, request: Request, caller: Caller, accepts: Accepts) -> Next<'_> {
        let refusal = |error: &ErrorObject| {
            Next::Respond(refuse(status::of_refusal(error.code), Some(request.id()), error))
        };
        if let Err(error) = self.refuse_handshake(&request) {
            return refusal(&error);
        }
        let name = match check::check(&self.server, &head.headers, &request, &caller) {
            Ok(name) => name,
            Err(error) => return refusal(&error),
        };
        if let Err(response) = self.permit(&caller, request.method(), name) {
            return Next::Respond(*response);
        }
        let is_listen = request.method() == LISTEN;
        if is_listen && !accepts.events {
            let error = error(INVALID_REQUEST, "expected Accept to allow text/event-stream");
            return Next::Respond(refuse(StatusCode::NOT_ACCEPTABLE, Some(request.id()), &error));
        }
        let plan = Plan {
            accepts,
            streams_at_once: is_listen || self.answers == Answers::AlwaysStream,
            keep_alive: self.limits.keep_alive,
            // A stream of changes is meant to last.
            timeout: self.limits.request_timeout.filter(|_| !is_listen),
        };
        let id = request.id().clone();
        Next::Modern(Modern { exchange: self.server.answer(request, caller), id, plan })
    }

    /// Tells an old client which revisions there are, where it asks for one that is not served any more.
    fn refuse_handshake(&self, request: &Request) -> Result<(), ErrorObject> {
        #[derive(Default, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        struct Asked {
            protocol_version: String,
        }
        if self.sessions.is_some() || request.method() != INITIALIZE || request.is_modern() {
            return Ok(());
        }
        let asked = request.params().and_then(|params| serde_json::from_str::<Asked>(params.as_str()).ok());
        self.server.check_version(&asked.unwrap_or_default().protocol_version).map(drop)
    }

    /// Answers a body that is an array, which only the legacy era has.
    fn batch<'a>(&'a self, head: &'a Parts, body: Bytes, caller: Caller) -> Next<'a> {
        if self.era(head, false) == Era::Modern {
            let text = "expected one message, found an array";
            return Next::Respond(refuse_unread(StatusCode::BAD_REQUEST, text));
        }
        if self.protect.is_some() {
            let messages = match legacy::batch::split(&body) {
                Ok(messages) => messages,
                Err(error) => return Next::Respond(refuse(StatusCode::BAD_REQUEST, None, &error)),
            };
            for message in messages {
                // What is no request needs no permission, and what is no message is refused later.
                let Ok(Inbound::Request(request)) = Inbound::read(&message) else { continue };
                if let Err(response) = self.permit_legacy(&caller, &request) {
                    return Next::Respond(*response);
                }
            }
        }
        Next::Legacy(Box::pin(self.legacy_sessions().post(head, body, caller)))
    }

    fn legacy<'a>(&'a self, head: &'a Parts, message: Inbound, caller: Caller) -> Next<'a> {
        Next::Legacy(Box::pin(self.legacy_sessions().post_message(head, message, caller)))
    }

    fn legacy_sessions(&self) -> &Sessions {
        self.sessions.as_ref().expect("the era is legacy only where it is served")
    }

    /// Takes a notification; the modern era has none over HTTP that would do anything.
    fn modern_notification(&self, head: &Parts) -> Response<ResponseBody> {
        match check::check_notification(&self.server, &head.headers) {
            Ok(_) => empty(StatusCode::ACCEPTED),
            Err(error) => refuse(status::of_refusal(error.code), None, &error),
        }
    }

    fn permit_legacy(&self, caller: &Caller, request: &Request) -> Result<(), Box<Response<ResponseBody>>> {
        // A name that cannot be read is told by whoever needs it.
        self.permit(caller, request.method(), request.header_name().unwrap_or_default())
    }

    fn permit(
        &self,
        caller: &Caller,
        method: &str,
        name: Option<&str>,
    ) -> Result<(), Box<Response<ResponseBody>>> {
        self.protect.as_ref().map_or(Ok(()), |protect| protect.permit(caller, method, name))
    }

    /// Gives a stream its place among those that may be open.
    pub(super) fn placed(
        &self,
        mut response: Response<ResponseBody>,
        id: Option<&RequestId>,
    ) -> Response<ResponseBody> {
        if response.body().is_stream() {
            match self.streams.take() {
                Some(place) => response.body_mut().hold(place),
                None => {
                    return refuse_for_now(id, "expected fewer open streams, found as many as are allowed");
                }
            }
        }
        response
    }
}

fn refuse_body(unread: Unread, most: usize) -> Response<ResponseBody> {
    match unread {
        Unread::TooLarge => {
            let text = format!("expected a body of at most {most} bytes, found a larger one");
            refuse_and_close(StatusCode::PAYLOAD_TOO_LARGE, text)
        }
        Unread::TooSlow => refuse_and_close(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"),
        Unread::Broken => refuse_and_close(StatusCode::BAD_REQUEST, "the body ended before its end"),
    }
}

fn refuse_malformed(malformed: &Malformed) -> Response<ResponseBody> {
    refuse(StatusCode::BAD_REQUEST, malformed.id.as_ref(), &malformed.error)
}
