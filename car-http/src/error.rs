//! What can go wrong, sorted by whose fault it is: the caller's, the environment's, the peer's.

use crate::target::Origin;
use std::{fmt, net::IpAddr, time::Duration};

/// The cause below an error of this crate, for the chain of `source()` only.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What a call to this crate can fail with.
///
/// `Display` says one level; the cause, where there is one, is in `source()`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not an absolute `http` or `https` URL that may be called.
    #[error("invalid URL `{url}`: {reason}")]
    InvalidUrl {
        /// The URL, with anything that may be a password taken out.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting of the client cannot be used.
    #[error("invalid HTTP client configuration: {what}")]
    InvalidConfiguration {
        /// Which setting, and what is wrong with it.
        what: String,
        /// The cause, if a parser gave one.
        source: Option<Cause>,
    },
    /// The address policy forbids the address that the host stands for.
    #[error("refused to connect to {host}: its address {address} is not public")]
    AddressRefused {
        /// The host as it stands in the URL.
        host: String,
        /// The first of its addresses that is forbidden.
        address: IpAddr,
    },
    /// The host's name has no address.
    #[error("could not resolve the host name {host}")]
    Resolve {
        /// The host as it stands in the URL.
        host: String,
        /// What the resolver said.
        source: Cause,
    },
    /// No connection could be made.
    #[error("could not connect to {origin}")]
    Connect {
        /// The server that was called.
        origin: Origin,
        /// What the operating system said for the last address tried.
        source: Cause,
    },
    /// The TLS handshake failed: an untrusted or unfit certificate, or no common protocol.
    #[error("TLS handshake with {origin} failed")]
    Tls {
        /// The server that was called.
        origin: Origin,
        /// What was wrong.
        source: Cause,
    },
    /// The proxy could not be reached, or refused to make the connection.
    #[error("proxy {proxy} did not connect to {origin}: {what}")]
    Proxy {
        /// The server that was called.
        origin: Origin,
        /// The proxy, as `host:port`.
        proxy: String,
        /// What happened.
        what: String,
        /// The cause, if there is one below.
        source: Option<Cause>,
    },
    /// A time limit passed.
    #[error("{origin} {} {after:?} ({phase} timeout)", phase.complaint())]
    Timeout {
        /// The server that was called.
        origin: Origin,
        /// Which limit.
        phase: Phase,
        /// How long the limit was.
        after: Duration,
    },
    /// The server sent a redirect that is not followed.
    #[error("{from} redirected to {to}, which was not followed: {why}")]
    Redirect {
        /// The server that was called.
        from: Origin,
        /// Where it pointed: an origin, or the text that could not be read as a URL.
        to: String,
        /// Why it was not followed.
        why: RedirectRefusal,
    },
    /// The server redirected again and again.
    #[error("{origin} redirected more than {limit} times")]
    TooManyRedirects {
        /// The server that was called.
        origin: Origin,
        /// How many are followed.
        limit: usize,
    },
    /// The body is longer than the caller accepts.
    #[error("the body of the answer from {origin} is larger than the cap of {cap} bytes{}", announced(*length))]
    BodyTooLarge {
        /// The server that was called.
        origin: Origin,
        /// The cap that the caller gave.
        cap: usize,
        /// The length that the server announced, if it did.
        length: Option<u64>,
    },
    /// The head of the answer is longer than the client accepts.
    #[error("the headers of the answer from {origin} are larger than the cap of {cap} bytes")]
    HeadersTooLarge {
        /// The server that was called.
        origin: Origin,
        /// The cap.
        cap: usize,
    },
    /// The connection ended too early.
    #[error("{origin} closed the connection {stage}")]
    ConnectionClosed {
        /// The server that was called.
        origin: Origin,
        /// How far the call had come.
        stage: Stage,
        /// What the connection said.
        source: Option<Cause>,
    },
    /// The answer is not HTTP.
    #[error("{origin} sent an answer that is not valid HTTP")]
    Protocol {
        /// The server that was called.
        origin: Origin,
        /// What could not be read.
        source: Cause,
    },
}

/// The part of a call that a time limit bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// From the first look-up to a connection that is ready, TLS and proxy included.
    Connect,
    /// From the request's first byte to the head of the answer.
    FirstByte,
    /// Between two chunks of the body.
    Idle,
    /// The whole call, to the last byte of the body.
    Total,
}

impl Phase {
    fn complaint(self) -> &'static str {
        match self {
            Self::Connect => "was not connected within",
            Self::FirstByte => "did not answer within",
            Self::Idle => "sent nothing more for",
            Self::Total => "did not finish its answer within",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
            Self::FirstByte => "first byte",
            Self::Idle => "idle",
            Self::Total => "total",
        })
    }
}

/// How far a call had come when its connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Not one byte of the request was written.
    BeforeRequest,
    /// The request was at least partly written, and no answer came: it may have been carried out.
    BeforeResponse,
    /// In the middle of the body.
    MidBody,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeRequest => "before the request was sent",
            Self::BeforeResponse => "before it answered",
            Self::MidBody => "in the middle of the answer (incomplete body)",
        })
    }
}

/// Why a redirect is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectRefusal {
    /// It leaves the origin, and the request's headers and body are meant for that origin only.
    OtherOrigin,
    /// It would turn the request into a GET and so lose its body.
    MessageWouldBeLost,
    /// It says nothing of where to go.
    MissingLocation,
    /// Where to go is not a URL that may be called.
    InvalidLocation,
}

impl fmt::Display for RedirectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherOrigin => "it is another origin; use its URL if that is where the server lives now",
            Self::MessageWouldBeLost => "this kind of redirect would drop the request's body",
            Self::MissingLocation => "the answer has no usable location header",
            Self::InvalidLocation => "the location is not a URL that can be called",
        })
    }
}

fn announced(length: Option<u64>) -> String {
    length.map(|length| format!(" (the server announced {length})")).unwrap_or_default()
}

impl Error {
    /// Returns whether a time limit passed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Returns whether the request surely did not reach the server, so that sending it again is safe.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. }
                | Self::Connect { .. }
                | Self::Tls { .. }
                | Self::Proxy { .. }
                | Self::Timeout { phase: Phase::Connect, .. }
                | Self::ConnectionClosed { stage: Stage::BeforeRequest, .. }
        )
    }

    /// Returns whether the connection ended after the request was written and before any byte of an answer.
    ///
    /// On a reused connection this is the usual sign of a server that restarted. The request may have been
    /// carried out; only the caller knows whether repeating it is harmless.
    #[must_use]
    pub fn is_closed_before_response(&self) -> bool {
        matches!(self, Self::ConnectionClosed { stage: Stage::BeforeResponse, .. })
    }

    /// Returns whether the same call may well succeed later: the network or the server failed, not the call.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. }
                | Self::Connect { .. }
                | Self::Proxy { .. }
                | Self::Timeout { .. }
                | Self::ConnectionClosed { .. }
        )
    }

    /// Returns the origin that was called, where the error has one.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Connect { origin, .. }
            | Self::Tls { origin, .. }
            | Self::Proxy { origin, .. }
            | Self::Timeout { origin, .. }
            | Self::Redirect { from: origin, .. }
            | Self::TooManyRedirects { origin, .. }
            | Self::BodyTooLarge { origin, .. }
            | Self::HeadersTooLarge { origin, .. }
            | Self::ConnectionClosed { origin, .. }
            | Self::Protocol { origin, .. } => Some(origin),
            Self::InvalidUrl { .. }
            | Self::InvalidConfiguration { .. }
            | Self::AddressRefused { .. }
            | Self::Resolve { .. } => None,
        }
    }

    pub(crate) fn configuration(what: impl Into<String>) -> Self {
        Self::InvalidConfiguration { what: what.into(), source: None }
    }

    /// Sorts what hyper says about a connection that served `origin`.
    pub(crate) fn from_hyper(error: hyper::Error, origin: &Origin, stage: Stage, header_cap: usize) -> Self {
        let origin = origin.clone();
        if is_head_too_large(&error) {
            return Self::HeadersTooLarge { origin, cap: header_cap };
        }
        if error.is_parse() || error.is_parse_status() || (stage == Stage::MidBody && !ended_early(&error)) {
            return Self::Protocol { origin, source: error.into() };
        }
        Self::ConnectionClosed { origin, stage, source: Some(error.into()) }
    }
}

/// Whether the head of the answer went over the cap.
///
/// hyper has a predicate for it, but only in builds with its server; the text is held fast by a test.
fn is_head_too_large(error: &hyper::Error) -> bool {
    error.is_parse() && error.to_string() == "message head is too large"
}

/// Whether the chain of causes says that the peer went away, rather than that it sent nonsense.
fn ended_early(error: &hyper::Error) -> bool {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return true;
    }
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        if let Some(error) = current.downcast_ref::<std::io::Error>() {
            return !matches!(
                error.kind(),
                std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
            );
        }
        if let Some(error) = current.downcast_ref::<hyper::Error>()
            && error.is_incomplete_message()
        {
            return true;
        }
        cause = current.source();
    }
    false
}
