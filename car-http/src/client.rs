//! The client: takes a request through redirects, to a connection, and hands out the answer.

use crate::{
    address::AddressPolicy,
    body::{Body, Limits},
    builder::ClientBuilder,
    dial,
    error::{Error, Phase, Stage},
    http1::{Failure, Http1},
    http2::Http2,
    payload::Payload,
    pool::{Connection, Pool},
    proxy::ProxyConfig,
    redirect,
    request::Request,
    response::Response,
    stream::Stream,
    target::{Scheme, Target},
    timeouts::Timeouts,
    tls::{self, Tls},
};
use http::{HeaderValue, Method, Uri, header};
use hyper::body::Incoming;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::Instant};

/// After this long in the pool a connection is looked at with fresh eyes before it is used: the runtime is given
/// one turn to learn from the operating system whether the server has closed it. Shorter idling is the normal
/// beat of one call after another, where the turn would only cost time.
const STALE_AFTER: Duration = Duration::from_millis(5);

/// An HTTP client. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What the clones of a client, and the bodies of its answers, share.
pub(crate) struct Shared {
    pub(crate) pool: Pool,
    pub(crate) tls: Tls,
    pub(crate) proxy: ProxyConfig,
    pub(crate) address_policy: AddressPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) header_cap: usize,
    pub(crate) max_redirects: usize,
    pub(crate) user_agent: Option<HeaderValue>,
}

/// When something has to be done, and the limit that says so.
type Deadline = (Instant, Phase, Duration);

/// The time limits of one call, the whole of it counted from its beginning.
struct Clock {
    timeouts: Timeouts,
    total: Option<(Instant, Duration)>,
}

impl Clock {
    fn start(timeouts: Timeouts) -> Self {
        let total = timeouts.total.map(|limit| (Instant::now() + limit, limit));
        Self { timeouts, total }
    }

    /// Returns when a phase that begins now has to end, and which limit says so.
    fn deadline(&self, now: Instant, phase: Phase, limit: Option<Duration>) -> Option<Deadline> {
        let own = limit.map(|limit| (now + limit, phase, limit));
        let total = self.total.map(|(at, limit)| (at, Phase::Total, limit));
        match (own, total) {
            (Some(own), Some(total)) => Some(if own.0 <= total.0 { own } else { total }),
            (own, total) => own.or(total),
        }
    }
}

/// One attempt to get an answer over one connection.
struct Attempt<'a> {
    request: &'a Request,
    clock: &'a Clock,
    now: Instant,
    first_byte: Option<Deadline>,
    /// The connection has served a call before, so it may have died since.
    reused: bool,
    /// The request may be sent again although it may have been carried out.
    may_repeat: bool,
}

impl Client {
    /// Returns a client with the default settings.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// Returns a builder.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(crate) fn from_shared(shared: Shared) -> Self {
        Self { shared: Arc::new(shared) }
    }

    /// Sends a request and returns the head of its answer, following redirects as far as they are allowed.
    ///
    /// A request that found its reused connection closed before a byte was written is sent again on another. One
    /// that was written and got no answer is repeated once if its method is idempotent; otherwise it is an error
    /// of which [`Error::is_closed_before_response`] is true.
    ///
    /// # Errors
    ///
    /// See [`Error`]; every status is an answer, not an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the call: the connection is closed, or the HTTP/2 stream reset.
    pub async fn send(&self, mut request: Request) -> Result<Response, Error> {
        let timeouts = request.timeouts.take().unwrap_or_else(|| self.shared.timeouts.clone());
        let clock = Clock::start(timeouts);
        let mut redirects = 0;
        loop {
            let response = self.send_once(&request, &clock).await?;
            if !redirect::is_redirect(response.status) {
                return Ok(response);
            }
            let location = response.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
            let from = &request.target;
            let follow =
                redirect::decide(&request.method, from, response.status, location).map_err(|refused| {
                    Error::Redirect { from: from.origin().clone(), to: refused.to, why: refused.why }
                })?;
            if redirects == self.shared.max_redirects {
                return Err(Error::TooManyRedirects { origin: from.origin().clone(), limit: redirects });
            }
            redirects += 1;
            request.target = follow.target;
        }
    }

    /// Closes the connections that no call is using.
    pub fn close_idle(&self) {
        self.shared.pool.clear();
    }

    /// Gets an answer from one target, over as many connections as it takes.
    async fn send_once(&self, request: &Request, clock: &Clock) -> Result<Response, Error> {
        let mut may_repeat = request.method.is_idempotent();
        let mut fresh = false;
        loop {
            // The clock is read once for all that begins here: it is not free, least of all in virtual machines.
            let mut now = Instant::now();
            let pooled = if fresh { None } else { self.shared.pool.take(request.target.origin(), now) };
            let reused = pooled.is_some();
            let connection = match pooled {
                Some(connection) => connection,
                None => {
                    let connection = Box::pin(self.shared.dial_in_time(&request.target, clock)).await?;
                    now = Instant::now();
                    connection
                }
            };
            let first_byte = clock.deadline(now, Phase::FirstByte, clock.timeouts.first_byte);
            let attempt = Attempt { request, clock, now, first_byte, reused, may_repeat };
            let answer = match connection {
                Connection::Http1(connection) => self.try_http1(attempt, connection).await?,
                Connection::Http2(connection) => self.try_http2(attempt, connection).await?,
            };
            match answer {
                Some(response) => return Ok(response),
                None => (may_repeat, fresh) = (false, true),
            }
        }
    }

    async fn try_http1(
        &self,
        attempt: Attempt<'_>,
        mut connection: Box<Http1>,
    ) -> Result<Option<Response>, Error> {
        if connection.idle_since.is_some_and(|since| attempt.now.duration_since(since) >= STALE_AFTER) {
            tokio::task::yield_now().await;
        }
        let message = self.shared.http1_message(attempt.request);
        match connection.exchange(message, attempt.first_byte.map(|(at, ..)| at)).await {
            Ok(answer) => Ok(Some(self.respond(&attempt, answer, |incoming, limits, target, client| {
                Body::http1(incoming, connection, limits, target, client)
            }))),
            Err(failure) => self.after_failure(&attempt, failure),
        }
    }

    async fn try_http2(
        &self,
        attempt: Attempt<'_>,
        mut connection: Http2,
    ) -> Result<Option<Response>, Error> {
        let message = self.shared.http2_message(attempt.request);
        match connection.exchange(message, attempt.first_byte.map(|(at, ..)| at)).await {
            Ok((answer, in_use)) => {
                Ok(Some(self.respond(&attempt, answer, |incoming, limits, target, client| {
                    Body::http2(incoming, in_use, limits, target, client)
                })))
            }
            Err(failure) => {
                if matches!(failure, Failure::Connection { unsent: true, .. }) || connection.is_closed() {
                    self.shared.pool.forget(attempt.request.target.origin(), &connection);
                }
                self.after_failure(&attempt, failure)
            }
        }
    }

    fn respond(
        &self,
        attempt: &Attempt<'_>,
        answer: hyper::Response<Incoming>,
        body: impl FnOnce(Incoming, Limits, Target, Arc<Shared>) -> Body,
    ) -> Response {
        let (head, incoming) = answer.into_parts();
        let limits = Limits::new(attempt.clock.timeouts.idle, attempt.clock.total);
        let target = attempt.request.target.clone();
        Response {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: body(incoming, limits, target.clone(), Arc::clone(&self.shared)),
            target,
        }
    }

    /// Decides whether a request that got no answer is sent again.
    fn after_failure(&self, attempt: &Attempt<'_>, failure: Failure) -> Result<Option<Response>, Error> {
        let origin = attempt.request.target.origin();
        match (failure, attempt.first_byte) {
            (Failure::Connection { unsent: true, .. }, _) if attempt.reused => Ok(None),
            (Failure::Connection { error, unsent }, _) => {
                let stage = if unsent { Stage::BeforeRequest } else { Stage::BeforeResponse };
                let error = match error {
                    Some(error) => Error::from_hyper(error, origin, stage, self.shared.header_cap),
                    None => Error::ConnectionClosed { origin: origin.clone(), stage, source: None },
                };
                if attempt.reused && attempt.may_repeat && error.is_closed_before_response() {
                    return Ok(None);
                }
                Err(error)
            }
            (Failure::Deadline, Some((_, phase, after))) => {
                Err(Error::Timeout { origin: origin.clone(), phase, after })
            }
            (Failure::Deadline, None) => unreachable!("no deadline passes where none was set"),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeouts", &self.shared.timeouts).finish_non_exhaustive()
    }
}

impl Shared {
    /// Makes a connection within the time for it.
    async fn dial_in_time(&self, target: &Target, clock: &Clock) -> Result<Connection, Error> {
        let dialing = self.dial(target);
        let limit = Some(clock.timeouts.connect);
        let Some((at, phase, after)) = clock.deadline(Instant::now(), Phase::Connect, limit) else {
            return dialing.await;
        };
        match tokio::time::timeout_at(at, dialing).await {
            Ok(connection) => connection,
            Err(_elapsed) => Err(Error::Timeout { origin: target.origin().clone(), phase, after }),
        }
    }

    async fn dial(&self, target: &Target) -> Result<Connection, Error> {
        let origin = target.origin();
        let socket = self.dial_socket(target).await?;
        let stream = match origin.scheme() {
            Scheme::Http => Stream::Plain(socket),
            Scheme::Https => {
                let connector = self.tls.connector()?;
                let stream = tls::handshake(&connector, origin.bare_host(), socket)
                    .await
                    .map_err(|error| Error::Tls { origin: origin.clone(), source: error.into() })?;
                if tls::chose_http2(&stream) {
                    return self.share_http2(target, Stream::Tls(Box::new(stream))).await;
                }
                Stream::Tls(Box::new(stream))
            }
        };
        let connection = Http1::handshake(stream, self.header_cap).await;
        let connection = connection
            .map_err(|error| Error::from_hyper(error, origin, Stage::BeforeRequest, self.header_cap))?;
        Ok(Connection::Http1(Box::new(connection)))
    }

    async fn share_http2(&self, target: &Target, stream: Stream) -> Result<Connection, Error> {
        let origin = target.origin();
        let header_cap = u32::try_from(self.header_cap).unwrap_or(u32::MAX);
        let connection = Http2::handshake(stream, header_cap, self.pool.idle_timeout()).await;
        let connection = connection
            .map_err(|error| Error::from_hyper(error, origin, Stage::BeforeRequest, self.header_cap))?;
        self.pool.share(origin, &connection);
        Ok(Connection::Http2(connection))
    }

    /// Connects to the server, or to the proxy that stands for it.
    async fn dial_socket(&self, target: &Target) -> Result<TcpStream, Error> {
        let origin = target.origin();
        let Some(proxy) = self.proxy.for_target(target) else {
            let addresses = dial::resolve(origin.bare_host(), origin.port(), self.address_policy).await?;
            return dial::connect(addresses).await.map_err(|error| dial::not_connected(origin, error));
        };
        if let Ok(address) = origin.bare_host().parse()
            && !self.address_policy.allows(address)
        {
            return Err(Error::AddressRefused { host: origin.host().to_owned(), address });
        }
        let unreachable = |error: Error| Error::Proxy {
            origin: origin.clone(),
            proxy: proxy.name(),
            what: "it could not be reached".to_owned(),
            source: Some(error.into()),
        };
        // The policy is for what URLs name; the proxy was named by whoever runs this.
        let addresses =
            dial::resolve(proxy.host(), proxy.port(), AddressPolicy::Any).await.map_err(unreachable)?;
        let socket = dial::connect(addresses).await;
        let mut socket = socket.map_err(|error| unreachable(dial::not_connected(origin, error)))?;
        if origin.scheme() == Scheme::Https {
            proxy.tunnel(&mut socket, origin).await?;
        }
        Ok(socket)
    }

    fn http1_message(&self, request: &Request) -> hyper::Request<Payload> {
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

    fn http2_message(&self, request: &Request) -> hyper::Request<Payload> {
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
