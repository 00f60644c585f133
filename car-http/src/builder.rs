//! The settings of a client, each with its reason.

use crate::{
    address::{AddressPolicy, AddressRange, Guard},
    client::{Client, Shared},
    error::Error,
    pool::Pool,
    proxy::ProxyConfig,
    resolve::{Resolver, SystemResolver},
    timeouts::Timeouts,
    tls::{Settings, Tls},
};
use http::HeaderValue;
use std::{fmt, sync::Arc, time::Duration};
use zeroize::Zeroizing;

/// 64 KiB: servers limit what they accept to 8 to 32 KiB, so an answer has no reason to be longer.
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// hyper's buffer holds less than this, and a head must fit into it.
const MAX_HEADER_BYTES_LIMIT: usize = 256 * 1024;
/// Five: a redirect to add a slash, one to add `https`, one to a version, and two to spare.
const MAX_REDIRECTS: usize = 5;
/// 90 seconds: more than the 75 after which the most common server closes idle connections itself, so that most
/// are closed from the side that knows best, and few enough that a server's restart is soon forgotten.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// 64: as many as the calls in flight that one busy session has; a burst above it pays for new connections.
const POOL_MAX_IDLE_PER_ORIGIN: usize = 64;

/// Builds a [`Client`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    timeouts: Timeouts,
    extra_ca_pem: Vec<Vec<u8>>,
    identity_pem: Option<(Vec<u8>, Zeroizing<Vec<u8>>)>,
    proxy: ProxyConfig,
    guard: Guard,
    resolver: Arc<dyn Resolver>,
    http2: bool,
    max_header_bytes: usize,
    max_redirects: usize,
    pool_idle_timeout: Duration,
    pool_max_idle_per_origin: usize,
    user_agent: Option<String>,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            extra_ca_pem: Vec::new(),
            identity_pem: None,
            proxy: ProxyConfig::none(),
            guard: Guard::default(),
            resolver: Arc::new(SystemResolver),
            http2: true,
            max_header_bytes: MAX_HEADER_BYTES,
            max_redirects: MAX_REDIRECTS,
            pool_idle_timeout: POOL_IDLE_TIMEOUT,
            pool_max_idle_per_origin: POOL_MAX_IDLE_PER_ORIGIN,
            user_agent: Some(concat!("car-http/", env!("CARGO_PKG_VERSION")).to_owned()),
        }
    }
}

impl ClientBuilder {
    /// Sets the time limits of calls that bring none of their own.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Trusts the certificates in this PEM text beside those that the platform trusts.
    pub fn extra_ca_pem(mut self, pem: &[u8]) -> Self {
        self.extra_ca_pem.push(pem.to_vec());
        self
    }

    /// Shows this certificate to servers that ask for one: the chain, and the key of its first certificate.
    pub fn client_identity_pem(mut self, chain: &[u8], key: &[u8]) -> Self {
        self.identity_pem = Some((chain.to_vec(), Zeroizing::new(key.to_vec())));
        self
    }

    /// Sets the proxies; none by default, for a library does not read the environment by itself.
    pub fn proxy(mut self, proxy: ProxyConfig) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets which addresses may be dialed; any by default.
    pub fn address_policy(mut self, policy: AddressPolicy) -> Self {
        self.guard.policy = policy;
        self
    }

    /// Lets the client connect to these addresses whatever the policy says: a company's own network, for instance.
    pub fn allow_addresses(mut self, range: AddressRange) -> Self {
        self.guard.exceptions.push(range);
        self
    }

    /// Sets who looks host names up, in place of the operating system.
    pub fn resolver(mut self, resolver: Arc<dyn Resolver>) -> Self {
        self.resolver = resolver;
        self
    }

    /// Sets whether HTTP/2 is offered to servers that speak TLS; it is by default.
    pub fn http2(mut self, enabled: bool) -> Self {
        self.http2 = enabled;
        self
    }

    /// Sets the cap on the head of an answer; 64 KiB by default, 256 KiB at most.
    pub fn max_header_bytes(mut self, cap: usize) -> Self {
        self.max_header_bytes = cap;
        self
    }

    /// Sets how many redirects of one call are followed; 5 by default.
    pub fn max_redirects(mut self, limit: usize) -> Self {
        self.max_redirects = limit;
        self
    }

    /// Sets how long an idle connection is kept; 90 seconds by default.
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.pool_idle_timeout = limit;
        self
    }

    /// Sets how many idle connections to one origin are kept; 64 by default.
    pub fn pool_max_idle_per_origin(mut self, limit: usize) -> Self {
        self.pool_max_idle_per_origin = limit;
        self
    }

    /// Sets the `User-Agent` of requests that bring none of their own; `None` sends none.
    pub fn user_agent(mut self, value: impl Into<Option<String>>) -> Self {
        self.user_agent = value.into();
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfiguration`] if a setting cannot be used. That the platform has no trusted
    /// certificates shows at the first call to an `https` URL, since others do not need them.
    pub fn build(self) -> Result<Client, Error> {
        if self.max_header_bytes > MAX_HEADER_BYTES_LIMIT {
            let what = format!("the cap on headers may not be above {MAX_HEADER_BYTES_LIMIT} bytes");
            return Err(Error::configuration(what));
        }
        let mut tls = Settings::new(self.http2);
        for pem in &self.extra_ca_pem {
            tls.add_roots(pem)?;
        }
        if let Some((chain, key)) = &self.identity_pem {
            tls.set_identity(chain, key)?;
        }
        let user_agent = self.user_agent.map(HeaderValue::try_from).transpose().map_err(|error| {
            Error::InvalidConfiguration {
                what: "the user agent is not a header value".to_owned(),
                source: Some(error.into()),
            }
        })?;
        Ok(Client::from_shared(Shared {
            pool: Pool::new(self.pool_idle_timeout, self.pool_max_idle_per_origin),
            tls: Tls::new(tls),
            proxy: self.proxy,
            guard: self.guard,
            resolver: self.resolver,
            timeouts: self.timeouts,
            header_cap: self.max_header_bytes,
            max_redirects: self.max_redirects,
            user_agent,
        }))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("timeouts", &self.timeouts)
            .field("extra_ca_pem", &self.extra_ca_pem.len())
            .field("client_identity_pem", &self.identity_pem.as_ref().map(|_| "[redacted]"))
            .field("proxy", &self.proxy)
            .field("guard", &self.guard)
            .field("http2", &self.http2)
            .finish_non_exhaustive()
    }
}
