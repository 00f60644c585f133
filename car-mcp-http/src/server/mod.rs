//! Streamable HTTP, the server's side: one endpoint for every revision, chosen by each request.
//!
//! ```text
//!  connection ─▶ Origin, Host ─▶ who asks ─▶ body within its cap ─▶ one message
//!                                                                     │
//!            ┌── says its revision in `_meta` ── modern: checks, Server::answer ──┐
//!            └── else ── legacy: session ── Conversation::request ────────────────┤
//!                                                                                 ▼
//!                     answered at once: one JSON body   ◀── Exchange ──▶   says more first: an event stream
//! ```
//!
//! A modern request is polled where its answer is written: it costs no task, and closing the stream drops it. A legacy
//! request goes on without its client, and what it says waits in the session's log until the client comes back.

mod body;
mod builder;
mod capacity;
mod check;
mod era;
mod events;
mod guard;
mod head;
mod legacy;
mod listen;
mod media;
mod modern;
pub mod options;
mod post;
pub mod protect;
mod read;
mod refusal;
mod service;
mod status;
pub mod store;

pub use body::ResponseBody;
pub use builder::McpServiceBuilder;
pub use head::RequestHead;
pub use listen::HttpServer;
pub use options::{Answers, ConnectionLimits, LegacyMode, ServiceLimits, SessionOptions};
pub use service::McpService;
