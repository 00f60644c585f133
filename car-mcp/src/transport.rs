//! The seam between a peer and the wire: messages as bytes, and what the wire says when it fails.
//!
//! A transport carries messages and knows nothing of tools. It does know its own rules (headers, sessions, resuming a
//! stream), so each message comes with what those rules need and a transport never has to read a body to send it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use car_mcp_proto::{ProtocolVersion, RequestId};

/// A future on the heap, which a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The error that a transport wraps: whatever failed beneath it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One message on its way down.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message<'a> {
    /// Its shape.
    pub kind: MessageKind<'a>,
    /// The revision that has been agreed on; nothing before that.
    pub version: Option<ProtocolVersion>,
    /// Headers that repeat arguments, names in lower case, values encoded.
    pub param_headers: &'a [(String, String)],
    /// The JSON text.
    pub body: Bytes,
}

impl<'a> Message<'a> {
    /// Returns a message without headers of its own.
    pub const fn new(kind: MessageKind<'a>, version: Option<ProtocolVersion>, body: Bytes) -> Self {
        Self { kind, version, param_headers: &[], body }
    }
}

/// Tells the shape of a message and what of it the wire has to know.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a transport must deal with each shape")]
pub enum MessageKind<'a> {
    /// Wants an answer.
    Request {
        /// Names the answer.
        id: &'a RequestId,
        /// What is wanted.
        method: &'a str,
        /// The tool, prompt or URI that it is about.
        name: Option<&'a str>,
    },
    /// Tells something.
    Notification {
        /// What is told.
        method: &'a str,
    },
    /// Answers a request of the server (legacy).
    Response,
}

/// What came back for a message.
#[non_exhaustive]
pub enum Reply {
    /// The message was taken; there is nothing to read.
    Accepted,
    /// One body: a message, or a batch of them.
    Body(Bytes),
    /// Messages, one after the other; the answer is among them.
    Stream(BoxMessages),
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => formatter.write_str("Accepted"),
            Self::Body(body) => write!(formatter, "Body({} bytes)", body.len()),
            Self::Stream(_) => formatter.write_str("Stream"),
        }
    }
}

/// Messages as they arrive, each one the text of one JSON value.
pub trait Messages: Send {
    /// Returns the next message, or nothing when the stream has ended in good order.
    ///
    /// # Cancel safety
    /// A message is either returned or still to come.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>>;

    /// Ends it, because what was asked has been answered. By default it is dropped. Where that costs a connection which
    /// could serve again, what is left may be read and thrown away instead.
    fn finish(self: Box<Self>) {}
}

/// Messages on the heap.
pub type BoxMessages = Box<dyn Messages>;

impl dyn Messages {
    /// Waits for the next message.
    ///
    /// # Errors
    /// Says how the stream broke.
    pub async fn message(&mut self) -> Option<Result<Bytes, TransportError>> {
        // A stream that always has a next message must not keep deadlines and other tasks from being looked at.
        tokio::task::coop::consume_budget().await;
        std::future::poll_fn(|context| self.poll_message(context)).await
    }
}

/// Carries messages to one server and back.
pub trait Transport: Send + Sync {
    /// Sends a message and returns what comes back for it.
    ///
    /// # Cancel safety
    /// Dropping the future, or the stream that it returned, gives the request up. Where
    /// [`Transport::closing_cancels`] says so, the server is told by that alone.
    fn send<'a>(&'a self, message: Message<'a>) -> BoxFuture<'a, Result<Reply, TransportError>>;

    /// Opens the stream on which a legacy server sends what belongs to no request; nothing if it has none.
    fn open_stream(
        &self,
        version: ProtocolVersion,
    ) -> BoxFuture<'_, Result<Option<BoxMessages>, TransportError>>;

    /// Makes ready for a new `initialize`: forgets the session that the server no longer knows.
    fn reset(&self);

    /// Says goodbye: ends the server's session where there is one.
    fn close(&self) -> BoxFuture<'_, ()>;

    /// Tells whether giving up a modern request is itself the word to the server (Streamable HTTP), or a
    /// `notifications/cancelled` has to be sent (stdio).
    fn closing_cancels(&self) -> bool;

    /// Tells whether what comes on the stream of a request belongs to that request. Where everything comes on one stream,
    /// a message that names no request is handed to whoever reads, and may be another's.
    fn tells_calls_apart(&self) -> bool {
        true
    }

    /// Tells whether arguments marked with `x-mcp-header` are repeated in headers, which makes a tool with invalid
    /// marks unusable.
    fn has_headers(&self) -> bool;

    /// Changes when requests are made under another authorization: private results are not shared across it.
    fn authorization(&self) -> u64 {
        0
    }

    /// Names the server in messages for people: its URL or command.
    fn peer(&self) -> String;
}

/// Says how the wire failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The server answered with an HTTP status and without a JSON-RPC message.
    #[error("expected an MCP answer, found HTTP {status}{}", excerpt_of(.excerpt))]
    Status {
        /// The status.
        status: u16,
        /// The beginning of the body, where it is text.
        excerpt: String,
    },
    /// The server wants to know who asks.
    #[error("the server wants a sign-in (HTTP {status})")]
    Unauthorized {
        /// 401 or 403.
        status: u16,
        /// Every `WWW-Authenticate` value.
        challenges: Vec<String>,
    },
    /// The server does not know the session any more (legacy).
    #[error("the server has forgotten the session")]
    SessionExpired,
    /// The server sent something that is not MCP.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What should have come.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// A body or event is larger than the client accepts.
    #[error(
        "the answer is larger than the cap of {cap} bytes; raise it with `{setting}` if that is expected"
    )]
    TooLarge {
        /// The cap.
        cap: usize,
        /// What to set.
        setting: &'static str,
    },
    /// The connection ended before the answer.
    #[error("the connection ended before the answer")]
    Closed {
        /// What is known of it.
        #[source]
        source: Option<BoxError>,
    },
    /// Nothing came for too long.
    #[error("the server did not answer within {after:?} ({phase})")]
    TimedOut {
        /// What was waited for.
        phase: String,
        /// How long.
        after: Duration,
    },
    /// The request never reached the server.
    #[error("the server could not be reached")]
    Unreachable {
        /// Why not.
        #[source]
        source: BoxError,
    },
    /// The answer would have come from elsewhere.
    #[error("the server redirects to {to}, which is not followed ({why})")]
    Redirected {
        /// Where to.
        to: String,
        /// Why not.
        why: String,
    },
    /// There is nothing to prove with who asks.
    #[error("no credentials for the request")]
    Credentials {
        /// Whether a person has to sign in.
        sign_in: bool,
        /// Whether the same may succeed later.
        transient: bool,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The client's own settings are at fault.
    #[error("the connection is set up wrongly")]
    Misconfigured {
        /// What is wrong.
        #[source]
        source: BoxError,
    },
}

impl TransportError {
    /// Returns whether the same message may succeed if it is sent again later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Closed { .. } | Self::TimedOut { .. } | Self::Unreachable { .. } => true,
            Self::Credentials { transient, .. } => *transient,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..=599),
            _ => false,
        }
    }
}

fn excerpt_of(excerpt: &str) -> String {
    match excerpt {
        "" => String::new(),
        text => format!(": {text:?}"),
    }
}
