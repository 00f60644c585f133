//! The one server: bare hyper, prebuilt answers, both eras, plain and TLS.

use std::convert::Infallible;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

use crate::answers::{Answers, Asked};
use crate::pieces::Pieces;
use crate::{Failure, certificate};

static NEXT_SESSION: AtomicU64 = AtomicU64::new(1);

/// Serves until it is killed; prints both URLs when it can be used.
pub(crate) async fn run(folder: &str) -> Result<(), Failure> {
    let acceptor = TlsAcceptor::from(certificate::make(Path::new(folder))?);
    let answers = Rc::new(Answers::build());
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    let tls = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "http://127.0.0.1:{} https://localhost:{}",
        plain.local_addr()?.port(),
        tls.local_addr()?.port()
    );
    let local = LocalSet::new();
    local
        .run_until(async move {
            loop {
                let (stream, is_tls) = tokio::select! {
                    accepted = plain.accept() => (accepted?.0, false),
                    accepted = tls.accept() => (accepted?.0, true),
                };
                stream.set_nodelay(true)?;
                let (answers, acceptor) = (Rc::clone(&answers), acceptor.clone());
                tokio::task::spawn_local(connection(stream, is_tls.then_some(acceptor), answers));
            }
        })
        .await
}

async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, answers: Rc<Answers>) {
    match acceptor {
        None => converse(stream, answers).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, answers).await;
            }
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + 'static>(stream: S, answers: Rc<Answers>) {
    let service = service_fn(move |request| {
        let answers = Rc::clone(&answers);
        async move { Ok::<_, Infallible>(answer(&answers, request).await) }
    });
    // A client that leaves in the middle is none of our business.
    let _left =
        http1::Builder::new().pipeline_flush(true).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(answers: &Answers, request: Request<Incoming>) -> Response<Pieces> {
    match *request.method() {
        Method::POST => {}
        Method::DELETE => return empty(StatusCode::NO_CONTENT),
        _ => return empty(StatusCode::METHOD_NOT_ALLOWED),
    }
    let (sse, many) = (request.uri().path() == "/sse", request.uri().path() == "/big");
    let Ok(body) = request.into_body().collect().await else { return empty(StatusCode::BAD_REQUEST) };
    let body: Bytes = body.to_bytes();
    let Ok(asked) = serde_json::from_slice::<Asked<'_>>(&body) else { return empty(StatusCode::BAD_REQUEST) };
    if asked.id.is_none() {
        return empty(StatusCode::ACCEPTED);
    }
    let opens = asked.method == "initialize";
    let sse = sse && !opens && asked.method != "server/discover";
    let mut reply = Response::new(answers.answer(&asked, many, sse));
    let kind = if sse { "text/event-stream" } else { "application/json" };
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if opens {
        let session = NEXT_SESSION.fetch_add(1, Ordering::Relaxed);
        reply.headers_mut().insert("mcp-session-id", HeaderValue::from(session));
    }
    reply
}

fn empty(status: StatusCode) -> Response<Pieces> {
    let mut reply = Response::new(Pieces::new([]));
    *reply.status_mut() = status;
    reply
}
