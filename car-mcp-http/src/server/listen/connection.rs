//! One connection, from its first byte to its last.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

use super::activity::{Activity, Busy, Verdict};
use super::wire::Wire;
use crate::server::body::ResponseBody;
use crate::server::options::ConnectionLimits;
use crate::server::service::McpService;

/// How many headers hyper takes without being told; being told costs it an allocation for each request.
const HEADERS_OF_HYPER: usize = 100;

/// The least that hyper can be told for a head.
const LEAST_HEAD: usize = 8 << 10;

/// How much one HTTP/2 stream may have written that its client has not taken. A client may have hundreds.
const MAX_SEND_BUFFER: usize = 64 << 10;

/// How long a client has to see that an idle connection is closed.
const GOODBYE: Duration = Duration::from_secs(3);

/// Returns what serves each connection.
pub(super) fn protocol(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    // Heads that do not end are found by `Activity`, which needs no timer for each request.
    http1.header_read_timeout(None).max_buf_size(limits.max_header_bytes.max(LEAST_HEAD));
    if limits.max_headers != HEADERS_OF_HYPER {
        http1.max_headers(limits.max_headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_http2_streams)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_send_buf_size(MAX_SEND_BUFFER)
        .keep_alive_interval(limits.http2_ping)
        .keep_alive_timeout(limits.http2_ping);
    builder
}

/// Serves a connection until either side has had enough, or until the server ends and the connection has nothing left
/// to do.
///
/// # Cancel safety
/// Dropping the future cuts the connection.
pub(super) async fn serve<S>(
    socket: S,
    service: McpService,
    protocol: Arc<auto::Builder<TokioExecutor>>,
    limits: &ConnectionLimits,
    mut ending: watch::Receiver<()>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::begin(limits.idle, limits.write_stall);
    let handler = service_fn({
        let activity = Arc::clone(&activity);
        move |request: Request<Incoming>| {
            let (service, busy) = (service.clone(), activity.request());
            let (head, body) = request.into_parts();
            // On the heap, so that an open stream does not keep the room that its request needed.
            Box::pin(async move {
                let response = service.respond(&head, body).await;
                Ok::<_, std::convert::Infallible>(response.map(|body| Watched { body, _busy: busy }))
            })
        }
    });
    let wire = TokioIo::new(Wire::new(socket, Arc::clone(&activity)));
    let mut connection = pin!(protocol.serve_connection(wire, handler));
    let mut alarm = pin!(tokio::time::sleep(limits.idle));
    let mut ending = pin!(async move { ending.changed().await.is_ok() });
    let mut is_ending = false;
    let mut is_leaving = false;
    std::future::poll_fn(|context| {
        if connection.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        if !is_ending && ending.as_mut().poll(context).is_ready() {
            is_ending = true;
            connection.as_mut().graceful_shutdown();
            // It is polled again to see what that changes.
            context.waker().wake_by_ref();
        }
        if !is_leaving && let Some(due) = activity.due().filter(|due| *due < alarm.deadline()) {
            alarm.as_mut().reset(due);
        }
        while alarm.as_mut().poll(context).is_ready() {
            match activity.verdict(Instant::now()) {
                Verdict::LookAgainAt(time) => alarm.as_mut().reset(time),
                Verdict::Idle if !is_leaving => {
                    is_leaving = true;
                    connection.as_mut().graceful_shutdown();
                    context.waker().wake_by_ref();
                    alarm.as_mut().reset(Instant::now() + GOODBYE);
                }
                Verdict::Idle | Verdict::Stalled => return Poll::Ready(()),
            }
        }
        Poll::Pending
    })
    .await;
}

/// A body that keeps its request going until it has been written.
struct Watched {
    body: ResponseBody,
    _busy: Busy,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use car_mcp::proto::capability::Implementation;
    use car_mcp::server::Server;
    use http_body_util::Full;

    use super::*;

    /// A connection whose stream is open has these and what hyper puts on the heap; a request that is under way has its
    /// own beside, which with what the connection adds must stay below 1,032 bytes: more than that, glibc's allocator
    /// has no quick way for.
    #[tokio::test]
    async fn connections_and_requests_stay_small() {
        let service = McpService::new(Server::builder(Implementation::new("example")).build().unwrap());
        let request = service.handle(Request::new(Full::new(Bytes::new())));
        assert!(size_of_val(&request) <= 928, "a request takes {} bytes", size_of_val(&request));
        let limits = ConnectionLimits::default();
        let protocol = Arc::new(protocol(&limits));
        let (socket, _other) = tokio::io::duplex(1);
        let (_end, ending) = watch::channel(());
        let connection = serve(socket, service.clone(), protocol, &limits, ending);
        assert!(size_of_val(&connection) <= 4_096, "a connection takes {} bytes", size_of_val(&connection));
    }
}
