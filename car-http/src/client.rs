//! The client: takes a request through redirects, to a connection, and hands out the answer.

use crate::{
    address::Guard,
    body::{Body, Limits},
    builder::ClientBuilder,
    error::{Error, Phase, Stage},
    http1::{Failure, Http1},
    http2::Http2,
    pool::{Connection, Pool},
    proxy::ProxyConfig,
    redirect,
    request::Request,
    resolve::Resolver,
    response::Response,
    target::Target,
    timeouts::Timeouts,
    tls::Tls,
};
use http::{HeaderValue, header};
use hyper::body::Incoming;
use std::{fmt, sync::Arc, time::Duration};
use tokio::time::Instant;

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
    pub(crate) guard: Guard,
    pub(crate) resolver: Arc<dyn Resolver>,
    pub(crate) timeouts: Timeouts,
    pub(crate) header_cap: usize,
    pub(crate) max_redirects: usize,
    pub(crate) user_agent: Option<HeaderValue>,
}

/// When something has to be done, and the limit that says so.
pub(crate) type Deadline = (Instant, Phase, Duration);

/// The time limits of one call, the whole of it counted from its beginning.
pub(crate) struct Clock {
    pub(crate) timeouts: Timeouts,
    total: Option<(Instant, Duration)>,
}

impl Clock {
    fn start(timeouts: Timeouts) -> Self {
        let total = timeouts.total.map(|limit| (Instant::now() + limit, limit));
        Self { timeouts, total }
    }

    /// Returns when a phase that begins now has to end, and which limit says so.
    pub(crate) fn deadline(&self, now: Instant, phase: Phase, limit: Option<Duration>) -> Option<Deadline> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_bodies_can_cross_threads() {
        fn is_send<T: Send>(_: &T) {}
        fn is_shareable<T: Send + Sync + Unpin + 'static>() {}
        is_shareable::<Client>();
        is_shareable::<Body>();
        is_shareable::<Response>();
        is_shareable::<Error>();
        let client = Client::new().expect("a client");
        let target = Target::parse("http://example.com/").expect("valid");
        is_send(&client.send(Request::get(target)));
    }
}
