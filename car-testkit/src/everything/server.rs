//! The running server, as a test or a program holds it.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use car_mcp::server::Server;
use car_mcp_http::server::protect::ProtectedResource;
use car_mcp_http::server::{Answers, HttpServer, McpService, SessionOptions};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::guard::Guard;
use super::offers;
use super::options::Options;
use crate::authority::{Authority, AuthorityConfig};

/// A server on the loopback address. Dropping it cuts every connection.
pub struct Everything {
    url: String,
    server: Server,
    service: McpService,
    serving: JoinHandle<()>,
    shutdown: Option<oneshot::Sender<()>>,
    authority: Option<Arc<Authority>>,
}

impl Everything {
    /// Starts the server and returns once it accepts connections.
    ///
    /// # Errors
    /// When the port cannot be bound, or certificate and key cannot be used.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = HttpServer::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let tls = options.tls.as_ref().map(|(certificates, key)| crate::server_config(certificates, key));
        let tls = tls.transpose().map_err(io::Error::other)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/mcp", listener.local_addr());
        let server = offers::server(&options).map_err(io::Error::other)?;
        let mut sessions = SessionOptions::default();
        sessions.pair = true;
        let answers = if options.always_stream { Answers::AlwaysStream } else { Answers::ByNeed };
        let mut builder =
            McpService::builder(server.clone()).legacy(options.legacy).sessions(sessions).answers(answers);
        let mut authority = None;
        if options.oauth {
            let started = Arc::new(Authority::start(AuthorityConfig::default()).await?);
            builder = builder.protect(protection(&url, &started).map_err(io::Error::other)?);
            authority = Some(started);
        }
        let service = builder.build();
        let (shutdown, stop) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, service.clone(), tls.map(TlsAcceptor::from), stop));
        Ok(Self { url, server, service, serving, shutdown: Some(shutdown), authority })
    }

    /// Returns the URL of the endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns what is served, to change what it offers or to tell of changes.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Returns the service, to push to sessions and to count them.
    pub fn service(&self) -> &McpService {
        &self.service
    }

    /// Returns the authorization server that gives out tokens, where tokens are demanded.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_deref()
    }

    /// Ends in good order: streams end, requests under way are waited for.
    pub async fn stop(mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            // Nobody listens any more where it ended by itself.
            let _ended = shutdown.send(());
        }
        // A panic in the loop would have been told by the requests that it cut.
        let _ended = (&mut self.serving).await;
    }
}

async fn serve(
    listener: HttpServer,
    service: McpService,
    tls: Option<TlsAcceptor>,
    stop: oneshot::Receiver<()>,
) {
    let stop = async {
        // Dropped without a word when the server is: the task is aborted then.
        let _told = stop.await;
    };
    match tls {
        None => listener.serve_until(service, stop).await,
        Some(acceptor) => listener.serve_with(service, move |socket| acceptor.accept(socket), stop).await,
    }
}

fn protection(
    url: &str,
    authority: &Arc<Authority>,
) -> Result<ProtectedResource, impl std::error::Error + use<>> {
    let guard = Guard::new(Arc::clone(authority), url);
    ProtectedResource::new(url, [authority.issuer()], guard)
        .map(|resource| resource.scopes_supported(["mcp:read", "mcp:write"]).resource_name("Everything"))
}

impl Drop for Everything {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl fmt::Debug for Everything {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Everything").field("url", &self.url).finish_non_exhaustive()
    }
}
