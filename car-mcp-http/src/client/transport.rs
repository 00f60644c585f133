//! The transport: what holds for every request to one endpoint.

use std::sync::{Arc, RwLock};

use car_http::{Client, HeaderMap, HeaderName, HeaderValue, Target, Timeouts, header};
use car_mcp::transport::{BoxFuture, BoxMessages, Message, Reply, Transport, TransportError};
use car_mcp_proto::ProtocolVersion;

use super::errors::transport_error;
use super::legacy::{LegacyState, Pair};
use crate::credentials::Credentials;

/// The largest body that is read, where nothing else is set: several times the largest list of tools that has been
/// seen, and small beside a machine's memory.
pub const MAX_BODY_BYTES: usize = 64 << 20;

/// The largest event of a stream; the same, for the same reason.
pub const MAX_EVENT_BYTES: usize = MAX_BODY_BYTES;

/// What raises the cap of bodies.
pub(crate) const BODY_SETTING: &str = "max_body_bytes";

/// Carries messages to one MCP endpoint over HTTP, in every revision.
///
/// It takes its connections from a [`Client`], which may serve many transports.
pub struct HttpTransport {
    pub(crate) client: Client,
    pub(crate) target: Target,
    /// What every request carries.
    pub(crate) base: HeaderMap,
    pub(crate) credentials: Option<Arc<dyn Credentials>>,
    pub(crate) timeouts: Timeouts,
    pub(crate) max_body_bytes: usize,
    pub(crate) allow_pair: bool,
    pub(crate) legacy: RwLock<LegacyState>,
}

impl HttpTransport {
    /// Begins to describe a transport to an endpoint.
    pub fn builder(client: Client, target: Target) -> HttpTransportBuilder {
        let mut base = HeaderMap::new();
        base.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        base.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        HttpTransportBuilder(Self {
            client,
            target,
            base,
            credentials: None,
            // How long an answer may take is the session's to say, for each call; a connection has its own limit.
            timeouts: Timeouts::none().with_connect(Timeouts::CONNECT),
            max_body_bytes: MAX_BODY_BYTES,
            allow_pair: true,
            legacy: RwLock::default(),
        })
    }

    /// Returns a transport with every setting at its default.
    ///
    /// # Errors
    /// Says why the URL cannot be used.
    pub fn new(client: Client, url: &str) -> Result<Self, TransportError> {
        Ok(Self::builder(client, Target::parse(url).map_err(transport_error)?).build())
    }
}

/// Describes a transport.
pub struct HttpTransportBuilder(HttpTransport);

impl HttpTransportBuilder {
    /// Adds a header to every request. A header of the protocol itself cannot be set.
    ///
    /// # Errors
    /// Says that the header is the protocol's own.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Result<Self, TransportError> {
        let own = self.0.base.contains_key(&name) && (name == header::ACCEPT || name == header::CONTENT_TYPE);
        if own || name.as_str().starts_with("mcp-") || name == header::HOST || name == header::CONTENT_LENGTH
        {
            let reason = format!("the header {name} is the protocol's own and cannot be set");
            return Err(TransportError::Misconfigured { source: reason.into() });
        }
        self.0.base.append(name, value);
        Ok(self)
    }

    /// Sets who proves who asks.
    #[must_use]
    pub fn credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.0.credentials = Some(credentials);
        self
    }

    /// Sets the largest body, and the largest event of a stream, in bytes.
    #[must_use]
    pub const fn max_body_bytes(mut self, cap: usize) -> Self {
        self.0.max_body_bytes = cap;
        self
    }

    /// Sets limits of the connection. The time for an answer is better said with each call.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.0.timeouts = timeouts;
        self
    }

    /// Sets whether a server that knows only the HTTP+SSE pair of 2024-11-05 is spoken with. It is, by default.
    #[must_use]
    pub const fn http_sse_pair(mut self, allow: bool) -> Self {
        self.0.allow_pair = allow;
        self
    }

    /// Returns the transport.
    pub fn build(self) -> HttpTransport {
        self.0
    }
}

impl Transport for HttpTransport {
    fn send<'a>(&'a self, message: Message<'a>) -> BoxFuture<'a, Result<Reply, TransportError>> {
        Box::pin(self.send_message(message))
    }

    fn open_stream(
        &self,
        version: ProtocolVersion,
    ) -> BoxFuture<'_, Result<Option<BoxMessages>, TransportError>> {
        Box::pin(self.open_legacy_stream(version))
    }

    /// Does nothing: the handshake's own messages carry no session, and its answer replaces the one that is known.
    /// Until then calls that begin meanwhile carry the old one and so learn, like the first, that it is gone.
    fn reset(&self) {}

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.close_legacy())
    }

    fn closing_cancels(&self) -> bool {
        true
    }

    /// The pair of 2024-11-05 has one stream for everything.
    fn tells_calls_apart(&self) -> bool {
        self.pair().is_none()
    }

    fn has_headers(&self) -> bool {
        true
    }

    fn authorization(&self) -> u64 {
        self.credentials.as_ref().map_or(0, |credentials| credentials.context())
    }

    fn peer(&self) -> String {
        self.target.to_string()
    }
}

impl HttpTransport {
    pub(crate) fn pair(&self) -> Option<Arc<Pair>> {
        self.legacy.read().expect("nothing panics while it holds the session").pair.clone()
    }
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("HttpTransport").field("target", &self.target).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for HttpTransportBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("HttpTransportBuilder").field(&self.0).finish()
    }
}
