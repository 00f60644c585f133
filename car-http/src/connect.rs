//! From a target to a connection that is ready for a call: proxy, look-up, socket, TLS, HTTP.

use crate::{
    address::Guard,
    client::{Clock, Shared},
    dial,
    error::{Error, Phase, Stage},
    http1::Http1,
    http2::Http2,
    pool::Connection,
    stream::Stream,
    target::{Scheme, Target},
    tls,
};
use tokio::{net::TcpStream, time::Instant};

impl Shared {
    /// Makes a connection within the time for it.
    pub(crate) async fn dial_in_time(&self, target: &Target, clock: &Clock) -> Result<Connection, Error> {
        let dialing = self.dial(target);
        let limit = Some(clock.timeouts.connect);
        let Some((at, phase, after)) = clock.deadline(Instant::now(), Phase::Connect, limit) else {
            return dialing.await;
        };
        match tokio::time::timeout_at(at, dialing).await {
            Ok(connection) => connection,
            Err(_elapsed) => Err(Error::Timeout { origin: target.origin().clone(), phase, after }),
        }
    }

    async fn dial(&self, target: &Target) -> Result<Connection, Error> {
        let origin = target.origin();
        let socket = self.dial_socket(target).await?;
        let stream = match origin.scheme() {
            Scheme::Http => Stream::Plain(socket),
            Scheme::Https => {
                let connector = self.tls.connector()?;
                let stream = tls::handshake(&connector, origin.bare_host(), socket)
                    .await
                    .map_err(|error| Error::Tls { origin: origin.clone(), source: error.into() })?;
                if tls::chose_http2(&stream) {
                    return self.share_http2(target, Stream::Tls(Box::new(stream))).await;
                }
                Stream::Tls(Box::new(stream))
            }
        };
        let connection = Http1::handshake(stream, self.header_cap).await;
        let connection = connection
            .map_err(|error| Error::from_hyper(error, origin, Stage::BeforeRequest, self.header_cap))?;
        Ok(Connection::Http1(Box::new(connection)))
    }

    async fn share_http2(&self, target: &Target, stream: Stream) -> Result<Connection, Error> {
        let origin = target.origin();
        let header_cap = u32::try_from(self.header_cap).unwrap_or(u32::MAX);
        let connection = Http2::handshake(stream, header_cap, self.pool.idle_timeout()).await;
        let connection = connection
            .map_err(|error| Error::from_hyper(error, origin, Stage::BeforeRequest, self.header_cap))?;
        self.pool.share(origin, &connection);
        Ok(Connection::Http2(connection))
    }

    /// Connects to the server, or to the proxy that stands for it.
    async fn dial_socket(&self, target: &Target) -> Result<TcpStream, Error> {
        let origin = target.origin();
        let Some(proxy) = self.proxy.for_target(target) else {
            let addresses =
                dial::resolve(&*self.resolver, origin.bare_host(), origin.port(), &self.guard).await?;
            return dial::connect(addresses).await.map_err(|error| dial::not_connected(origin, error));
        };
        if let Ok(address) = origin.bare_host().parse()
            && !self.guard.allows(address)
        {
            return Err(Error::AddressRefused { host: origin.host().to_owned(), address });
        }
        let unreachable = |error: Error| Error::Proxy {
            origin: origin.clone(),
            proxy: proxy.name(),
            what: "it could not be reached".to_owned(),
            source: Some(error.into()),
        };
        // The policy is for what URLs name; the proxy was named by whoever runs this.
        let addresses = dial::resolve(&*self.resolver, proxy.host(), proxy.port(), &Guard::default())
            .await
            .map_err(unreachable)?;
        let socket = dial::connect(addresses).await;
        let mut socket = socket.map_err(|error| unreachable(dial::not_connected(origin, error)))?;
        if origin.scheme() == Scheme::Https {
            proxy.tunnel(&mut socket, origin).await?;
        }
        Ok(socket)
    }
}
