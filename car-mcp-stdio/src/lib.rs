//! MCP over the standard streams of a child process that never outlives its client.
//!
//! ```text
//!  Session::call_tool ─▶ StdioTransport::send ─▶ queue ─▶ writer ─▶ standard input  ┐
//!        ▲                                                                          │ the server,
//!        └── answer, by id ◀── routes ◀── lines ◀── reader ◀─── standard output     │ and all that
//!                                 StderrLog ◀────── logger ◀─── standard error      │ it starts:
//!                                  the end  ◀────── keeper ◀─── exit, kill          ┘ one process group
//! ```
//!
//! The server is started with the first message, and again, after a wait that grows, when a message is to be sent and
//! the server has ended. Many calls may be under way at once; answers find their call by id, in any order. A call that
//! was under way when the server ended fails and is never sent again.
//!
//! Closing the transport closes the server's input, waits, asks the group to end, waits, and kills it. Dropping the
//! transport kills the group at once. So that nothing stays behind either when the client itself is killed, the
//! operating system does it on Windows; elsewhere a small program has to watch: see [`Supervisor`].
//!
//! # Example
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use car_mcp::Session;
//! use car_mcp::proto::capability::Implementation;
//! use car_mcp_stdio::{Command, StdioTransport};
//!
//! let command = Command::new("npx").args(["-y", "@modelcontextprotocol/server-everything@2026.8.2"])
//!     // A library does not read the environment: the program says what it is.
//!     .inherit(|name| std::env::var_os(name))
//!     .env("API_KEY", "the server's own");
//! let transport = StdioTransport::builder(command).build();
//! let log = transport.stderr();
//! let session = Session::builder(Implementation::new("example")).connect(transport).await?;
//! println!("{} tools; it said: {}", session.list_tools().await?.items.len(), log.text());
//! session.close().await;
//! # Ok(()) }
//! ```
//!
//! # Serving
//!
//! The other end, a server on its own standard streams, is in `server`, behind the feature of that name.

mod answering;
mod backoff;
mod builder;
mod command;
mod environment;
mod error;
mod inbox;
mod legacy;
mod lines;
mod noise;
mod oversize;
mod process;
mod routes;
mod running;
#[cfg(feature = "server")]
pub mod server;
mod stderr;
mod streams;
mod supervise;
mod transport;

pub use builder::{Builder, EXIT_WAIT, MAX_LINE_BYTES, PROBE_TIMEOUT, STDERR_BYTES, TERM_WAIT};
pub use command::Command;
pub use environment::INHERITED;
pub use error::{ServerExited, StartError};
pub use noise::{Noise, NoiseLog};
#[cfg(feature = "server")]
pub use server::{StdioServer, serve_stdio};
pub use stderr::{Follower, StderrLog};
pub use supervise::{Supervisor, supervise};
pub use transport::StdioTransport;
