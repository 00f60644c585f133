//! The floor of gateways: bare hyper that passes each request on as it is, and each answer back. It looks at nothing.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::Failure;
use crate::orchestrate::pinned;

/// Requests are read whole, so that they are written at once; answers are passed on as they come.
type Http = Client<HttpConnector, Full<Bytes>>;

/// Serves in front of the server at `host:port` until it is killed; prints its own `host:port`.
pub(crate) async fn serve(server: &str) -> Result<(), Failure> {
    let authority: Authority = server.parse()?;
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Http = Client::builder(TokioExecutor::new()).build(connector);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (client, authority) = (client.clone(), authority.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| forward(&client, &authority, request));
            // A client that leaves in the middle is none of our business.
            let _left = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn forward(
    client: &Http,
    authority: &Authority,
    request: Request<Incoming>,
) -> Result<Response<Incoming>, Failure> {
    let (mut parts, body) = request.into_parts();
    let mut uri = parts.uri.into_parts();
    (uri.scheme, uri.authority) = (Some(Scheme::HTTP), Some(authority.clone()));
    parts.uri = Uri::from_parts(uri)?;
    parts.headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
    let body = Full::new(body.collect().await?.to_bytes());
    Ok(client.request(Request::from_parts(parts, body)).await?)
}

/// Its process; it ends with this.
pub(super) struct Bare {
    pub(super) child: Child,
    /// `host:port`.
    pub(super) address: String,
}

impl Bare {
    pub(super) fn start(server: &str) -> Result<Self, Failure> {
        let mut command = pinned(0, &std::env::current_exe()?);
        command.args(["forward", server]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let read =
            BufReader::new(child.stdout.take().ok_or("standard output is piped")?).read_line(&mut line);
        let bare = Self { child, address: line.trim().to_owned() };
        read?;
        if bare.address.is_empty() { Err("the forwarder did not say where it is".into()) } else { Ok(bare) }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It may have ended already; either way it must not outlive us.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
