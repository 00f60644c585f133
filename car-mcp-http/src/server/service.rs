//! The service: takes one HTTP request and gives its response, whoever brought it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use car_mcp::server::{Caller, Server};
use car_mcp::transport::{BoxError, BoxFuture};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use serde::Serialize;

use super::body::ResponseBody;
use super::builder::{Health, McpServiceBuilder};
use super::capacity::Capacity;
use super::guard::{Guard, Stranger};
use super::head::RequestHead;
use super::legacy::Sessions;
use super::media::Accepts;
use super::options::{Answers, LegacyMode, ServiceLimits};
use super::protect::ProtectedResource;
use super::refusal::{json, refuse_for_now, refuse_method, refuse_unread};

/// A server behind HTTP: a service for hyper and for tower, with every check made inside. Cheap to clone; clones are
/// the same service.
#[derive(Clone)]
pub struct McpService {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) server: Server,
    path: Option<String>,
    health: Option<String>,
    guard: Guard,
    pub(super) protect: Option<ProtectedResource>,
    /// Nothing where legacy clients are not served.
    pub(super) sessions: Option<Sessions>,
    has_sessions: bool,
    pub(super) limits: ServiceLimits,
    pub(super) answers: Answers,
    hands_on_head: bool,
    requests: Capacity,
    pub(super) streams: Capacity,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Endpoint,
    Health,
}

impl McpService {
    /// Serves at `/mcp`, to programs and pages of this machine.
    pub fn new(server: Server) -> Self {
        Self::builder(server).build()
    }

    /// Begins to describe a service.
    pub fn builder(server: Server) -> McpServiceBuilder {
        McpServiceBuilder::new(server)
    }

    pub(super) fn from_builder(builder: McpServiceBuilder) -> Self {
        let McpServiceBuilder { server, path, limits, legacy, .. } = builder;
        let health = match builder.health {
            Health::At(health) => health,
            Health::BelowPath => path.as_ref().map(|path| format!("{}/health", path.trim_end_matches('/'))),
        };
        let streams_at_once = builder.answers == Answers::AlwaysStream;
        let sessions = (legacy != LegacyMode::Off)
            .then(|| Sessions::new(server.clone(), legacy, builder.sessions, &limits, streams_at_once));
        let shared = Shared {
            server,
            path,
            health,
            guard: builder.guard,
            protect: builder.protect,
            sessions,
            has_sessions: legacy == LegacyMode::Sessions,
            requests: Capacity::new(limits.max_requests),
            streams: Capacity::new(limits.max_streams),
            limits,
            answers: builder.answers,
            hands_on_head: builder.hands_on_head,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Answers a request.
    ///
    /// # Cancel safety
    /// Dropping the future, or the body of the response, cancels a modern request. A legacy one goes on.
    pub fn handle<B>(&self, request: Request<B>) -> impl Future<Output = Response<ResponseBody>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        // Taken apart out here, and lent to what is called: a future that hands a value on holds it twice.
        let (head, body) = request.into_parts();
        async move { self.respond(&head, body).await }
    }

    /// Answers a request of whom it is known already who makes it, and from where: neither `Host` and `Origin` nor a token
    /// are looked at here. For a service within a program that has looked at them itself.
    ///
    /// # Cancel safety
    /// As [`McpService::handle`].
    pub fn handle_for<B>(
        &self,
        request: Request<B>,
        caller: Caller,
    ) -> impl Future<Output = Response<ResponseBody>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        async move { self.shared.handle(&head, body, Some(&caller)).await }
    }

    /// Answers a request whose head somebody else keeps.
    pub(super) fn respond<B>(&self, head: &Parts, body: B) -> impl Future<Output = Response<ResponseBody>>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        self.shared.handle(head, body, None)
    }

    /// Puts a message, a notification or a request of the server's as JSON text, on a legacy session's own stream, and
    /// returns whether there is somebody to read it.
    pub fn push_to_session(&self, session: &str, message: impl Into<Bytes>) -> bool {
        self.shared.sessions.as_ref().is_some_and(|sessions| sessions.push(session, message.into()))
    }

    /// Returns how many legacy sessions there are.
    pub fn session_count(&self) -> usize {
        self.shared.sessions.as_ref().map_or(0, Sessions::len)
    }

    /// Ends what would go on for ever, in good order: every session, and every stream of changes of the server, also
    /// those that it has elsewhere. Requests that are under way go on.
    pub fn close(&self) {
        self.shared.server.close();
        if let Some(sessions) = &self.shared.sessions {
            sessions.close();
        }
    }
}

impl Shared {
    /// Answers a request. Where it is known already who asks, from where it comes is known as well.
    async fn handle<B: Body<Data = Bytes>>(
        &self,
        head: &Parts,
        body: B,
        known: Option<&Caller>,
    ) -> Response<ResponseBody> {
        if known.is_none()
            && let Err(stranger) = self.guard.check(head)
        {
            return refuse_stranger(stranger);
        }
        let Some(_place) = self.requests.take() else {
            return refuse_for_now(None, "expected fewer requests under way, found as many as are allowed");
        };
        match self.route(head, known.is_some()) {
            Ok(Route::Endpoint) => {}
            Ok(Route::Health) => return self.health(&head.method),
            Err(response) => return *response,
        }
        let caller = match self.caller(head, known).await {
            Ok(caller) => caller,
            Err(response) => return *response,
        };
        match head.method {
            Method::POST => self.post(head, body, caller).await,
            Method::GET if self.has_sessions => self.get(head, caller),
            Method::DELETE if self.has_sessions => self.delete(head, &caller),
            _ => refuse_method(self.methods()),
        }
    }

    /// Returns what a request is for, or the answer to one that is for nothing here or for the metadata document.
    fn route(&self, head: &Parts, is_known: bool) -> Result<Route, Box<Response<ResponseBody>>> {
        let path = head.uri.path();
        let protect = self.protect.as_ref().filter(|_| !is_known);
        if let Some(response) = protect.and_then(|protect| protect.route(head)) {
            return Err(Box::new(response));
        }
        if self.health.as_deref() == Some(path) {
            return Ok(Route::Health);
        }
        let is_pair = |own| self.sessions.as_ref().is_some_and(|sessions| sessions.is_pair_path(own, path));
        match self.path.as_deref().is_none_or(|own| own == path || is_pair(own)) {
            true => Ok(Route::Endpoint),
            false => Err(Box::new(refuse_unread(StatusCode::NOT_FOUND, "there is nothing at this path"))),
        }
    }

    /// Finds out who asks.
    async fn caller(
        &self,
        head: &Parts,
        known: Option<&Caller>,
    ) -> Result<Caller, Box<Response<ResponseBody>>> {
        let mut caller = match (known, &self.protect) {
            (Some(caller), _) => caller.clone(),
            // On the heap, so that servers that ask nobody do not carry its state with each request.
            (None, Some(protect)) => Box::pin(protect.authenticate(head)).await?,
            (None, None) => Caller::anonymous(),
        };
        if self.hands_on_head && caller.detail.is_none() {
            caller.detail = Some(Arc::new(RequestHead::of(head)));
        }
        Ok(caller)
    }

    fn get(&self, head: &Parts, caller: Caller) -> Response<ResponseBody> {
        if !Accepts::read(&head.headers).events {
            return refuse_unread(StatusCode::NOT_ACCEPTABLE, "expected Accept to allow text/event-stream");
        }
        match (&self.sessions, self.is_modern(head)) {
            (Some(sessions), false) => self.placed(sessions.get(head, caller), None),
            _ => refuse_method("POST"),
        }
    }

    fn delete(&self, head: &Parts, caller: &Caller) -> Response<ResponseBody> {
        match (&self.sessions, self.is_modern(head)) {
            (Some(sessions), false) => sessions.delete(head, caller),
            _ => refuse_method("POST"),
        }
    }

    /// Tells whether a request without a body is of the era that has only POST.
    fn is_modern(&self, head: &Parts) -> bool {
        super::era::era(&head.headers, false) == car_mcp::proto::Era::Modern
    }

    const fn methods(&self) -> &'static str {
        match self.has_sessions {
            true => "GET, POST, DELETE",
            false => "POST",
        }
    }

    fn health(&self, method: &Method) -> Response<ResponseBody> {
        #[derive(Serialize)]
        struct Report<'a> {
            status: &'static str,
            name: &'a str,
            version: &'a str,
            sessions: usize,
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            return refuse_method("GET, HEAD");
        }
        let info = self.server.info();
        let sessions = self.sessions.as_ref().map_or(0, Sessions::len);
        let report = Report { status: "ok", name: &info.name, version: &info.version, sessions };
        json(StatusCode::OK, serde_json::to_vec(&report).expect("strings and a number can be written"))
    }
}

fn refuse_stranger(stranger: Stranger) -> Response<ResponseBody> {
    let status = match stranger {
        Stranger::NoHost => StatusCode::BAD_REQUEST,
        Stranger::Host | Stranger::Origin => StatusCode::FORBIDDEN,
    };
    refuse_unread(status, stranger.to_string())
}

impl<B> tower_service::Service<Request<B>> for McpService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        let (head, body) = request.into_parts();
        Box::pin(async move { Ok(service.respond(&head, body).await) })
    }
}

impl hyper::service::Service<Request<Incoming>> for McpService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let service = self.clone();
        let (head, body) = request.into_parts();
        Box::pin(async move { Ok(service.respond(&head, body).await) })
    }
}

impl fmt::Debug for McpService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("McpService")
            .field("server", &self.shared.server)
            .field("path", &self.shared.path)
            .field("protect", &self.shared.protect)
            .finish_non_exhaustive()
    }
}
