//! The port: takes connections in, each within its limits, and lets them end in good order.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How long a client may take to send the head of a request, and keep a connection that it does not use. More than the
/// pools of usual clients and proxies keep one, so that it is they who close it.
const HEAD_TIMEOUT: Duration = Duration::from_secs(100);

/// The largest head of a request. Browsers send some 2 KiB; a token and a long query fit.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How many connections there are at once. Beyond that, the next one waits until one has ended.
const MAX_CONNECTIONS: usize = 1024;

/// How long to wait when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

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
            (accept(&listener).await, place)
        };
        let (socket, place) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stopping.changed() => break,
        };
        let (router, stopping) = (router.clone(), stopping.clone());
        connections.spawn(async move {
            connection(socket, router, stopping).await;
            drop(place);
        });
    }
    // Nobody is taken in any more while the others end.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Takes the next connection, however long that takes. Errors of one say nothing of the next, and the others pass when
/// connections end.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken in for now");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Serves a connection to its end. One that became a WebSocket has its own task from then on.
async fn connection(socket: TcpStream, router: Router, mut stopping: watch::Receiver<()>) {
    // Answers are written whole, so there is nothing to wait for. Without it they come a little later.
    drop(socket.set_nodelay(true));
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
        match connection.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(ended),
            Poll::Pending => Poll::Pending,
        }
    });
    if let Err(error) = ended.await {
        tracing::debug!(%error, "a connection broke");
    }
}
