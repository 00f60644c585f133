//! From an origin to a connected socket: look-up, address guard, the race between addresses.

use crate::{
    address::Guard,
    error::{Cause, Error},
    resolve::Resolver,
    target::Origin,
};
use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// How long one address may take before the next is tried beside it: "Connection Attempt Delay", RFC 8305 §5.
const STAGGER: Duration = Duration::from_millis(250);
/// How many addresses of one name are tried. Real names have a handful; more would be someone's joke.
const MAX_ADDRESSES: usize = 16;

/// Resolves a host and returns its addresses in the order in which to try them, each allowed by the policy.
pub(crate) async fn resolve(
    resolver: &dyn Resolver,
    origin_host: &str,
    port: u16,
    guard: &Guard,
) -> Result<Vec<SocketAddr>, Error> {
    let found: Vec<SocketAddr> = match origin_host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => resolver
            .resolve(origin_host)
            .await
            .map_err(|error| Error::Resolve { host: origin_host.to_owned(), source: error.into() })?
            .into_iter()
            .take(MAX_ADDRESSES)
            .map(|address| SocketAddr::new(address, port))
            .collect(),
    };
    // One forbidden address among allowed ones is refused too: which one is dialed must not depend on luck.
    if let Some(refused) = found.iter().find(|address| !guard.allows(address.ip())) {
        return Err(Error::AddressRefused { host: origin_host.to_owned(), address: refused.ip() });
    }
    if found.is_empty() {
        let source: Cause = "the name has no address".into();
        return Err(Error::Resolve { host: origin_host.to_owned(), source });
    }
    Ok(interleave(found))
}

/// Lets the families take turns, the resolver's first choice first (RFC 8305 §4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let six_first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == six_first);
    let mut second = second.into_iter();
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    for address in first {
        ordered.push(address);
        ordered.extend(second.next());
    }
    ordered.extend(second);
    ordered
}

/// Connects to the first address that answers.
pub(crate) async fn connect(addresses: Vec<SocketAddr>) -> std::io::Result<TcpStream> {
    let socket = match addresses.as_slice() {
        [only] => TcpStream::connect(*only).await?,
        _ => Race::new(addresses).await?,
    };
    // A request is written in one piece; waiting for the acknowledgement of the last one gains nothing.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Returns the error of a connection that was not made.
pub(crate) fn not_connected(origin: &Origin, error: std::io::Error) -> Error {
    Error::Connect { origin: origin.clone(), source: error.into() }
}

type Attempt = Pin<Box<dyn Future<Output = std::io::Result<TcpStream>> + Send>>;

/// Attempts that start one after another and run beside each other; the first connection wins.
struct Race {
    waiting: std::vec::IntoIter<SocketAddr>,
    running: Vec<Attempt>,
    next_start: Pin<Box<Sleep>>,
    last_error: Option<std::io::Error>,
}

impl Race {
    fn new(addresses: Vec<SocketAddr>) -> Self {
        Self {
            waiting: addresses.into_iter(),
            running: Vec::new(),
            next_start: Box::pin(sleep(Duration::ZERO)),
            last_error: None,
        }
    }

    fn start_next(&mut self) -> bool {
        let Some(address) = self.waiting.next() else { return false };
        self.running.push(Box::pin(TcpStream::connect(address)));
        self.next_start.as_mut().reset(Instant::now() + STAGGER);
        true
    }

    /// Polls every attempt and takes the failed ones out.
    fn poll_running(&mut self, context: &mut Context<'_>) -> Poll<TcpStream> {
        let mut index = 0;
        while let Some(attempt) = self.running.get_mut(index) {
            match attempt.as_mut().poll(context) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(socket)) => return Poll::Ready(socket),
                Poll::Ready(Err(error)) => {
                    self.last_error = Some(error);
                    drop(self.running.swap_remove(index));
                }
            }
        }
        Poll::Pending
    }
}

impl Future for Race {
    type Output = std::io::Result<TcpStream>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Poll::Ready(socket) = self.poll_running(context) {
                return Poll::Ready(Ok(socket));
            }
            let due = self.running.is_empty() || self.next_start.as_mut().poll(context).is_ready();
            if due && self.start_next() {
                continue;
            }
            if self.running.is_empty() {
                let error = self.last_error.take();
                return Poll::Ready(Err(error.unwrap_or_else(|| std::io::Error::other("no address"))));
            }
            return Poll::Pending;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{address::AddressPolicy, resolve::SystemResolver};

    #[test]
    fn lets_address_families_take_turns() {
        let parse = |texts: &[&str]| -> Vec<SocketAddr> {
            texts.iter().map(|text| text.parse().expect("an address")).collect()
        };
        let mixed = parse(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        assert_eq!(interleave(mixed), parse(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]));
    }

    #[tokio::test]
    async fn falls_back_to_the_address_that_answers() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let open = listener.local_addr().expect("bound");
        let closed = {
            let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            unused.local_addr().expect("bound")
        };
        let socket = connect(vec![closed, open]).await.expect("connected");
        assert_eq!(socket.peer_addr().expect("connected"), open);
        assert!(connect(vec![closed, closed]).await.is_err());
    }

    #[tokio::test]
    async fn refuses_special_addresses_however_they_are_written() {
        for host in ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"] {
            let mut guard = Guard { policy: AddressPolicy::PublicOnly, exceptions: Vec::new() };
            let error = resolve(&SystemResolver, host, 80, &guard).await.expect_err(host);
            assert!(matches!(error, Error::AddressRefused { .. }), "{error}");
            assert!(resolve(&SystemResolver, host, 80, &Guard::default()).await.is_ok(), "{host}");
            guard.exceptions = vec!["127.0.0.0/8".parse().expect("a range"), "::1".parse().expect("a range")];
            guard.exceptions.push("::ffff:127.0.0.1".parse().expect("a range"));
            assert!(resolve(&SystemResolver, host, 80, &guard).await.is_ok(), "{host}");
        }
    }
}
