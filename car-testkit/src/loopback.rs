//! A listener on the loopback address that can be stopped, and started again on the same port.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::ledger::Ledger;
use crate::reply::Reply;

/// A running accept loop. Dropping it closes the listener and every connection at once, as a crash would.
#[derive(Debug)]
pub(crate) struct Loopback {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Loopback {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and every connection, and returns once both are gone.
    pub(crate) async fn stop(mut self) {
        self.accepting.abort();
        // The only outcome is "cancelled": the loop never ends by itself.
        let _cancelled = (&mut self.accepting).await;
    }

    /// Serves HTTP with `handler` on `address` (port 0: any free one).
    pub(crate) async fn serve_http<H, F>(
        address: SocketAddr,
        tls: Option<Arc<rustls::ServerConfig>>,
        ledger: Arc<Ledger>,
        handler: H,
    ) -> io::Result<Self>
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Reply> + Send + 'static,
    {
        let acceptor = tls.map(TlsAcceptor::from);
        Self::serve(address, ledger, move |stream| {
            let (acceptor, handler) = (acceptor.clone(), handler.clone());
            async move {
                match acceptor {
                    None => serve_connection(stream, handler).await,
                    // A client that refuses our certificate is a case under test, not a fault of this server.
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            serve_connection(stream, handler).await;
                        }
                    }
                }
            }
        })
        .await
    }

    /// Hands every accepted socket to `connection`.
    pub(crate) async fn serve<C, F>(
        address: SocketAddr,
        ledger: Arc<Ledger>,
        connection: C,
    ) -> io::Result<Self>
    where
        C: Fn(TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            // Owned here, so that aborting this task closes every connection too.
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _peer)) = listener.accept().await else { continue };
                ledger.note_connection();
                if stream.set_nodelay(true).is_ok() {
                    connections.spawn(connection(stream));
                }
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting })
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve_connection<S, H, F>(stream: S, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let service = service_fn(move |request| {
        let reply = handler(request);
        async move { Ok::<_, Infallible>(reply.await) }
    });
    // A connection that the peer cut is a case under test, not a fault of this server.
    let _cut = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}
