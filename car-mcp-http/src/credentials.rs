//! The seam for whoever knows how to prove who asks.

use car_http::{HeaderName, HeaderValue};
use car_mcp::transport::{BoxFuture, TransportError};

/// A server's word that a request needs more than it carried.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Challenge {
    /// 401 or 403.
    pub status: u16,
    /// Every `WWW-Authenticate` value, in order.
    pub values: Vec<String>,
}

/// Adds to each request what proves who asks, and deals with a server that wants more.
///
/// Headers that never change need none of this: see `HttpTransportBuilder::header`.
pub trait Credentials: Send + Sync {
    /// Returns the headers for a request to this URL. Asked for every request, so that what has been renewed is used
    /// at once.
    ///
    /// # Errors
    /// Says why there are none; the request is then not sent.
    fn headers<'a>(
        &'a self,
        method: &'a str,
        url: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(HeaderName, HeaderValue)>, TransportError>>;

    /// Deals with a challenge. True means that the same request may be sent once more.
    ///
    /// # Errors
    /// Says why nothing can be done about it.
    fn challenged<'a>(&'a self, challenge: &'a Challenge) -> BoxFuture<'a, Result<bool, TransportError>>;

    /// Changes whenever requests begin to be made for another account.
    fn context(&self) -> u64 {
        0
    }
}
