//! How long each part of a call may take.

use std::time::Duration;

/// The limits on the time of a call. Each is named in the error when it passes.
///
/// The defaults suit an ordinary request; a call that streams, or that waits for slow work on the server, sets
/// its own through [`Request::with_timeouts`](crate::Request::with_timeouts).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the look-up of the name to a connection that is ready, proxy and TLS included.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub first_byte: Option<Duration>,
    /// Between two chunks of the body.
    pub idle: Option<Duration>,
    /// The whole call, redirects and the last byte of the body included.
    pub total: Option<Duration>,
}

impl Timeouts {
    /// Ten seconds: a lost SYN is sent again after 1, 3 and 7 seconds, so three losses are survived.
    pub const CONNECT: Duration = Duration::from_secs(10);
    /// One minute: what the common proxies wait for a server by default.
    pub const FIRST_BYTE: Duration = Duration::from_secs(60);
    /// One minute between two chunks: four of the 15-second heartbeats that event streams usually send.
    pub const IDLE: Duration = Duration::from_secs(60);

    /// Returns no limit but the one on connecting.
    #[must_use]
    pub fn none() -> Self {
        Self { connect: Self::CONNECT, first_byte: None, idle: None, total: None }
    }

    /// Sets the limit on connecting.
    #[must_use]
    pub fn with_connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// Sets or lifts the limit on the wait for the head of the answer.
    #[must_use]
    pub fn with_first_byte(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.first_byte = limit.into();
        self
    }

    /// Sets or lifts the limit on the silence between two chunks.
    #[must_use]
    pub fn with_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// Sets or lifts the limit on the whole call.
    #[must_use]
    pub fn with_total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = limit.into();
        self
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Self::CONNECT,
            first_byte: Some(Self::FIRST_BYTE),
            idle: Some(Self::IDLE),
            total: None,
        }
    }
}
