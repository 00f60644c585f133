//! A port with a service behind it.

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{connection, socket};
use crate::server::options::ConnectionLimits;
use crate::server::service::McpService;

/// A port with a service behind it.
///
/// It listens from the moment it is bound; connections that come before [`serve`](Self::serve) wait.
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    limits: ConnectionLimits,
}

impl HttpServer {
    /// Listens on an address. Port 0 lets the system choose one. A server for its own machine listens on `127.0.0.1` or
    /// `[::1]`.
    ///
    /// # Errors
    /// Says why the system does not let it.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::from_listener(TcpListener::bind(address).await?)
    }

    /// Listens where somebody else has begun to.
    ///
    /// # Errors
    /// Says why the address cannot be found out.
    pub fn from_listener(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self { listener, address, limits: ConnectionLimits::default() })
    }

    /// Returns the address, with the port that the system chose.
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the server without a path, as a client on this machine would write it.
    pub fn url(&self) -> String {
        socket::url(self.address)
    }

    /// Sets the limits of connections.
    #[must_use]
    pub fn limits(mut self, limits: ConnectionLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves until it is dropped.
    ///
    /// # Cancel safety
    /// Dropping the future cuts every connection.
    pub async fn serve(self, service: McpService) {
        self.serve_until(service, pending()).await;
    }

    /// Serves until `shutdown` is ready, then ends: takes no more connections, ends idle ones and streams in good order,
    /// and waits for requests under way, as long as [`ConnectionLimits::grace`] allows.
    ///
    /// # Cancel safety
    /// Dropping the future cuts every connection.
    pub async fn serve_until(self, service: McpService, shutdown: impl Future<Output = ()>) {
        self.serve_with(service, |socket| std::future::ready(Ok(socket)), shutdown).await;
    }

    /// Serves as [`serve_until`](Self::serve_until) does, over what `secure` makes of each socket: TLS, say. It may take
    /// as long as a connection may be idle.
    ///
    /// # Cancel safety
    /// Dropping the future cuts every connection.
    pub async fn serve_with<Secured, Io>(
        self,
        service: McpService,
        secure: impl Fn(TcpStream) -> Secured,
        shutdown: impl Future<Output = ()>,
    ) where
        Secured: Future<Output = io::Result<Io>> + Send + 'static,
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { listener, limits, .. } = self;
        let protocol = Arc::new(connection::protocol(&limits));
        let (end, ending) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let socket = tokio::select! {
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => continue,
                socket = socket::accept(&listener), if connections.len() < limits.max_connections => socket,
            };
            socket::tune(&socket, limits.write_stall);
            let (secured, service) = (secure(socket), service.clone());
            let (protocol, limits, ending) = (Arc::clone(&protocol), limits.clone(), ending.clone());
            connections.spawn(async move {
                match tokio::time::timeout(limits.idle, secured).await {
                    Ok(Ok(socket)) => connection::serve(socket, service, protocol, &limits, ending).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a connection could not be secured"),
                    Err(_) => tracing::debug!("a connection took too long to be secured"),
                }
            });
        }
        drop(listener);
        service.close();
        end.send_replace(());
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits.grace, ended).await.is_err() {
            tracing::warn!(connections = connections.len(), "cut connections that did not end in time");
        }
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = &self.limits;
        formatter.debug_struct("HttpServer").field("address", &self.address).field("limits", limits).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_url_is_one_that_a_client_can_dial() {
        let server = HttpServer::bind("0.0.0.0:0").await.unwrap();
        let port = server.local_addr().port();
        assert_ne!(port, 0);
        assert_eq!(server.url(), format!("http://127.0.0.1:{port}"));
    }
}
