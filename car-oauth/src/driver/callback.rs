//! The port that the browser comes back to: takes one kind of request and hands on what it brings.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::page::{self, Outcome};
use crate::error::Error;

/// How large the head of a browser's request may be. Codes and states are short; a browser adds cookies of other programs
/// on this host.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How long a browser may take over its request, and the page over its way back.
const BROWSER: std::time::Duration = std::time::Duration::from_secs(5);

/// Binds the port on the addresses that the host name stands for. `localhost` is both families: which one a browser takes
/// first is its own affair; a machine without IPv6 has the one.
pub(super) async fn bind(host: &str, port: u16) -> Result<Vec<TcpListener>, Error> {
    let in_use = |source| Error::CallbackPort { port, source };
    let four = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let six = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let invalid = || Error::InvalidRedirectUri {
        uri: format!("http://{host}"),
        reason: "expected 127.0.0.1, [::1] or localhost",
    };
    match host {
        "127.0.0.1" => Ok(vec![TcpListener::bind(SocketAddr::new(four, port)).await.map_err(in_use)?]),
        "[::1]" => Ok(vec![TcpListener::bind(SocketAddr::new(six, port)).await.map_err(in_use)?]),
        "localhost" => {
            let first = TcpListener::bind(SocketAddr::new(four, port)).await.map_err(in_use)?;
            let port = first.local_addr().map_err(in_use)?.port();
            let second = TcpListener::bind(SocketAddr::new(six, port)).await;
            Ok(std::iter::once(first).chain(second).collect())
        }
        _ => Err(invalid()),
    }
}

/// A browser that came back: what it brought, and who waits to be told how it went.
pub(super) struct Hit {
    pub(super) query: String,
    pub(super) reply: oneshot::Sender<(StatusCode, String)>,
}

/// What all connections of one visit share.
pub(super) struct Place {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) hits: mpsc::Sender<Hit>,
}

/// Serves one listener until the visit is dropped.
pub(super) async fn serve(listener: TcpListener, place: Arc<Place>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = place.hits.closed() => break,
        };
        // A listener that fails serves nobody; a pasted address still can.
        let Ok((socket, _)) = accepted else { break };
        let place = Arc::clone(&place);
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&place)));
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(BROWSER).max_buf_size(MAX_HEAD_BYTES);
            // A browser that goes away in the middle is no error of ours.
            drop(server.keep_alive(false).serve_connection(TokioIo::new(socket), service).await);
        });
    }
    while connections.join_next().await.is_some() {}
}

async fn answer(request: Request<Incoming>, place: Arc<Place>) -> Result<Response<Full<Bytes>>, Infallible> {
    let ours = request.method() == hyper::Method::GET && request.uri().path() == place.path;
    let Some(query) = request.uri().query().filter(|_| ours) else {
        // A favicon, or somebody who tries ports.
        return Ok(respond(StatusCode::NOT_FOUND, String::new()));
    };
    let (reply, outcome) = oneshot::channel();
    let hit = Hit { query: query.to_owned(), reply };
    if place.hits.send(hit).await.is_err() {
        let text = page::render(&place.name, Outcome::NotOurs("The sign-in is over"));
        return Ok(respond(StatusCode::GONE, text));
    }
    let (status, text) = outcome.await.unwrap_or_else(|_| {
        (StatusCode::GONE, page::render(&place.name, Outcome::Failed("the sign-in was given up")))
    });
    Ok(respond(status, text))
}

fn respond(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    for (name, value) in page::HEADERS {
        response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}
