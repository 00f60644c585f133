//! The seam for whoever knows how to prove who asks.

use car_http::{HeaderMap, HeaderName, HeaderValue};
use car_mcp::transport::{BoxFuture, TransportError};

/// What a request carries to prove who asks.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Proof {
    /// The headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Tells what the headers were made from. It comes back with a [`Challenge`], so that a token which others have
    /// renewed meanwhile is not taken for the one that was refused.
    pub generation: u64,
}

impl Proof {
    /// Makes a proof.
    pub const fn new(headers: Vec<(HeaderName, HeaderValue)>, generation: u64) -> Self {
        Self { headers, generation }
    }
}

/// A server's word that a request needs more than it carried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Challenge {
    /// 401 or 403.
    pub status: u16,
    /// Every `WWW-Authenticate` value, in order.
    pub values: Vec<String>,
    /// All headers of the answer.
    pub headers: HeaderMap,
    /// Which [`Proof`] the request carried.
    pub generation: u64,
    /// How often this request has been challenged before.
    pub round: u32,
}

/// Adds to each request what proves who asks, and deals with a server that wants more.
///
/// Headers that never change need none of this: see `HttpTransportBuilder::header`.
pub trait Credentials: Send + Sync {
    /// Returns the proof for a request to this URL. Asked for every request, so that what has been renewed is used at
    /// once, and a proof that serves once can be made.
    ///
    /// # Errors
    /// Says why there is none; the request is then not sent.
    fn prove<'a>(&'a self, method: &'a str, url: &'a str) -> BoxFuture<'a, Result<Proof, TransportError>>;

    /// Deals with a challenge. True means that the same request may be sent once more; a request is sent
    /// [`MAX_ROUNDS`] times at most, whatever is answered here.
    ///
    /// # Errors
    /// Says why nothing can be done about it.
    fn challenged<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<bool, TransportError>>;

    /// Sees the headers of every answer that is no challenge.
    fn answered(&self, headers: &HeaderMap) {
        let _ = headers;
    }

    /// Changes whenever requests begin to be made for another account.
    fn context(&self) -> u64 {
        0
    }
}

/// How often one request is sent: once as it is, once with a nonce, once with a renewed token, and a few times with more
/// permissions ("no more than a few times", MCP 2026-07-28, authorization, step-up flow).
pub const MAX_ROUNDS: u32 = 6;
