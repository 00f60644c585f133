//! The server end: a server of `car-mcp` on two streams, as a client starts it.
//!
//! ```text
//!  standard input ─▶ lines ─▶ Desk ─┬─▶ modern request ──▶ Server::answer ────────┐
//!                                   └─▶ all other ───────▶ legacy Conversation ───┴─▶ Exchange, one for each request
//!  standard output ◀─ one writer ◀─ whole lines ◀─────────────────────────────────────┘
//! ```
//!
//! Both eras share the pipe: a request that says its revision in `_meta` is a modern one, and `initialize` begins the
//! one legacy conversation that a process has. Everything runs in the task that serves: nothing is spawned, and while
//! the client does not read, handlers wait.
//!
//! Standard output belongs to the protocol. A program that serves must print nothing there; standard error is free.
//!
//! Source: specification 2026-07-28 and 2025-11-25, "Transports", section "stdio".
//!
//! # Example
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use car_mcp::proto::capability::Implementation;
//! use car_mcp::server::{Context, Failure, NoArguments, Server, tool};
//!
//! async fn greet(_: NoArguments, _: Context) -> Result<&'static str, Failure> {
//!     Ok("hello")
//! }
//!
//! let server = Server::builder(Implementation::new("example")).tool(tool("greet", "Greets").run(greet)).build()?;
//! car_mcp_stdio::serve_stdio(server).await?;
//! # Ok(()) }
//! ```

mod batch;
mod desk;
mod output;
mod serving;
mod underway;

use std::fmt;
use std::io;
use std::time::Duration;

use car_mcp::server::Server;
use tokio::io::{AsyncRead, AsyncWrite};

pub use batch::MAX_BATCH;
pub use underway::MAX_UNDER_WAY;

/// When the client has closed the input, what is under way has this long to be answered. Shorter than what clients wait
/// before they end the process.
pub const DRAIN_WAIT: Duration = Duration::from_secs(1);

/// A server on a pair of streams.
pub struct StdioServer {
    server: Server,
    max_line_bytes: usize,
    drain_wait: Duration,
}

impl StdioServer {
    /// Returns a server with the usual limits: lines of [`MAX_LINE_BYTES`](crate::MAX_LINE_BYTES), [`DRAIN_WAIT`].
    pub const fn new(server: Server) -> Self {
        Self { server, max_line_bytes: crate::MAX_LINE_BYTES, drain_wait: DRAIN_WAIT }
    }

    /// Sets how large one message of the client's may be, in bytes. A larger one is answered with an error.
    #[must_use]
    pub const fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.max_line_bytes = bytes;
        self
    }

    /// Sets how long what is under way may take when the client has closed the input.
    #[must_use]
    pub const fn drain_wait(mut self, wait: Duration) -> Self {
        self.drain_wait = wait;
        self
    }

    /// Serves until the client closes the input, and what is under way then is answered or took too long.
    ///
    /// # Errors
    /// Says why the streams cannot be read or written.
    ///
    /// # Cancel safety
    /// Dropping the future drops every request.
    pub async fn serve(
        self,
        reader: impl AsyncRead + Unpin,
        writer: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        serving::serve(self, reader, writer).await
    }
}

impl fmt::Debug for StdioServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StdioServer")
            .field("max_line_bytes", &self.max_line_bytes)
            .field("drain_wait", &self.drain_wait)
            .finish_non_exhaustive()
    }
}

/// Serves on the process's own standard input and output, with the usual limits.
///
/// The system's standard input is read in a thread that cannot be stopped: after an error the process should end by
/// `std::process::exit`, or it stays until its input is closed.
///
/// # Errors
/// Says why the streams cannot be read or written. A client that has gone without closing the input is no error.
pub async fn serve_stdio(server: Server) -> io::Result<()> {
    match StdioServer::new(server).serve(tokio::io::stdin(), tokio::io::stdout()).await {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}
