//! A port with a service behind it.

use std::fmt;
use std::future::{Future, pending};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection;
use crate::server::options::ConnectionLimits;
use crate::server::service::McpService;

/// How long to wait when the system has no room for another connection: until one ends, which nobody tells.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How long a connection may be silent before the system asks whether its other end is still there, and how often it
/// asks. Finds clients that lost power or network and have nothing written to them.
const PROBE_AFTER: Duration = Duration::from_secs(60);
const PROBE_EVERY: Duration = Duration::from_secs(15);

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
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
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
                socket = accept(&listener), if connections.len() < limits.max_connections => socket,
            };
            tune(&socket, &limits);
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

/// Accepts a connection, however long that takes. No error ends a server: those of one connection say nothing of the
/// next, and the others pass when connections end.
///
/// # Cancel safety
/// No connection is lost.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut was_told = false;
    loop {
        match listener.accept().await {
            Ok((socket, _)) => return socket,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if !std::mem::replace(&mut was_told, true) {
                    tracing::warn!(%error, "no connection can be accepted for now");
                }
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Sets what a socket should do by itself. None of it is needed to serve, so what a system does not know is left out.
fn tune(socket: &TcpStream, limits: &ConnectionLimits) {
    let note = |what: &str, done: io::Result<()>| {
        if let Err(error) = done {
            tracing::debug!(%error, what, "a socket could not be set");
        }
    };
    // Answers are written whole, so there is nothing to wait for.
    note("nodelay", socket.set_nodelay(true));
    let socket = SockRef::from(socket);
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER);
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    let probes = probes.with_interval(PROBE_EVERY);
    note("keepalive", socket.set_tcp_keepalive(&probes));
    #[cfg(any(target_os = "linux", target_os = "android"))]
    note("user timeout", socket.set_tcp_user_timeout(Some(limits.write_stall)));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = limits;
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

    #[test]
    fn errors_of_one_connection_do_not_make_the_next_wait() {
        for (kind, expected) in [
            (io::ErrorKind::ConnectionAborted, true),
            (io::ErrorKind::ConnectionReset, true),
            (io::ErrorKind::OutOfMemory, false),
            (io::ErrorKind::Other, false),
        ] {
            assert_eq!(is_of_one_connection(&kind.into()), expected, "{kind:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_client_that_is_gone_without_a_word_is_asked_for_and_given_up() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let limits = ConnectionLimits::default();
        tune(&socket, &limits);
        let socket = SockRef::from(&socket);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBE_AFTER);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(limits.write_stall));
    }

    #[tokio::test]
    async fn the_url_is_one_that_a_client_can_dial() {
        let server = HttpServer::bind("0.0.0.0:0").await.unwrap();
        let port = server.local_addr().port();
        assert_ne!(port, 0);
        assert_eq!(server.url(), format!("http://127.0.0.1:{port}"));
    }
}
