//! What every port needs, also one whose requests somebody else serves: connections taken in, sockets set, a URL to show.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};

/// How long to wait when the system has no room for another connection: until one ends, which nobody tells.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How long a connection may be silent before the system asks whether its other end is still there, and how often it
/// asks. Finds clients that lost power or network and have nothing written to them.
const PROBE_AFTER: Duration = Duration::from_secs(60);
const PROBE_EVERY: Duration = Duration::from_secs(15);

/// Accepts a connection, however long that takes. No error ends a server: those of one connection say nothing of the
/// next, and the others pass when connections end.
///
/// # Cancel safety
/// No connection is lost.
pub async fn accept(listener: &TcpListener) -> TcpStream {
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

/// Sets what a socket should do by itself: send at once what is written, ask now and then whether the other end is still
/// there, and give up once nothing of what is written has been taken for as long as `write_stall` says. None of it is needed
/// to serve, so what a system does not know is left out.
pub fn tune(socket: &TcpStream, write_stall: Duration) {
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
    note("user timeout", socket.set_tcp_user_timeout(Some(write_stall)));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = write_stall;
}

/// Returns the URL of a port without a path, as a client on this machine would write it: who listens everywhere listens
/// nowhere in particular.
pub fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
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
        let stall = Duration::from_secs(60);
        tune(&socket, stall);
        let socket = SockRef::from(&socket);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), PROBE_AFTER);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(stall));
    }
}
