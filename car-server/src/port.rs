//! The port: takes connections in, each within its limits, and lets them end in good order.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use car_mcp_http::server::socket;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long a client may take to send the head of a request, and keep a connection that it does not use. More than the
/// pools of usual clients and proxies keep one, so that it is they who close it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(100);

/// The largest head of a request. Browsers send some 2 KiB; a token and a long query fit.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How many connections there are at once. Beyond that, the next one waits until one has ended.
const MAX_CONNECTIONS: usize = 1024;

/// How long a client may take nothing of what is written to it.
const WRITE_STALL: Duration = Duration::from_secs(60);

/// Serves connections until `stopping` says so; then those that are there, until they have ended.
///
/// # Cancel safety
/// Dropping the future cuts the connections.
pub(crate) async fn serve(listener: TcpListener, router: Router, mut stopping: watch::Receiver<()>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (socket::accept(&listener).await, place)
        };
        let (socket, place) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stopping.changed() => break,
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        socket::tune(&socket, WRITE_STALL);
        connections.spawn(async move {
            connection(socket, router, stopping).await;
            drop(place);
        });
    }
    // Nobody is taken in any more while the others end.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Serves a connection to its end. One that became a WebSocket has its own task from then on.
async fn connection<S>(socket: S, router: Router, mut stopping: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(protocol.serve_connection(TokioIo::new(socket), service).with_upgrades());
    let mut stop = pin!(async move { stopping.changed().await.is_ok() });
    let mut is_stopping = false;
    let ended = poll_fn(|context| {
        if !is_stopping && stop.as_mut().poll(context).is_ready() {
            is_stopping = true;
            connection.as_mut().graceful_shutdown();
        }
        connection.as_mut().poll(context)
    });
    if let Err(error) = ended.await {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_does_not_finish_its_head_is_ended() {
        for begun in ["", "GET / HTTP/1.1\r\nhost: "] {
            let (mut near, far) = tokio::io::duplex(1024);
            let stopping = watch::Sender::new(());
            let started = Instant::now();
            near.write_all(begun.as_bytes()).await.unwrap();
            connection(far, Router::new(), stopping.subscribe()).await;
            let took = started.elapsed();
            assert!(took >= HEAD_TIMEOUT && took < HEAD_TIMEOUT * 2, "{begun:?}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_nothing_under_way_ends_when_the_daemon_stops() {
        let (mut near, far) = tokio::io::duplex(1024);
        let stopping = watch::Sender::new(());
        let served = connection(far, Router::new(), stopping.subscribe());
        let client = async {
            near.write_all(b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
            let mut status = [0; 12];
            near.read_exact(&mut status).await.unwrap();
            assert_eq!(&status, b"HTTP/1.1 404");
            stopping.send_replace(());
        };
        let started = Instant::now();
        tokio::join!(served, client);
        assert!(started.elapsed() < HEAD_TIMEOUT);
    }
}
