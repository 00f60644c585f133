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
//!
//! [`McpService`] is a service for tower and hyper, so it can be mounted in a router (see
//! [`any_path`](McpServiceBuilder::any_path)); [`HttpServer`] is a port for it alone, with limits on what connections may
//! take. Only programs and pages of its own machine are let in until
//! [`allow_hosts`](McpServiceBuilder::allow_hosts) and [`allow_origins`](McpServiceBuilder::allow_origins) say otherwise.
//!
//! # Example
//!
//! A complete server, called once and shut down in good order:
//!
//! ```
//! # #[cfg(all(feature = "client", feature = "server"))]
//! # mod example {
//! use car_http::Client;
//! use car_mcp::proto::RawJson;
//! use car_mcp::proto::capability::Implementation;
//! use car_mcp::server::{Context, Failure, Server, tool};
//! use car_mcp::{CallOptions, Session};
//! use car_mcp_http::HttpTransport;
//! use car_mcp_http::server::{HttpServer, McpService};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Sum {
//!     a: i64,
//!     b: i64,
//! }
//!
//! async fn add(sum: Sum, _: Context) -> Result<String, Failure> {
//!     let total = sum.a.checked_add(sum.b).ok_or_else(|| Failure::new("the sum is too large"))?;
//!     Ok(total.to_string())
//! }
//!
//! #[tokio::main]
//! pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let server = Server::builder(Implementation::new("adder"))
//!         .tool(tool("add", "Adds two numbers").run(add))
//!         .build()?;
//!     let listener = HttpServer::bind("127.0.0.1:0").await?;
//!     let url = format!("{}/mcp", listener.url());
//!
//!     let client = async {
//!         let transport = HttpTransport::new(Client::new()?, &url)?;
//!         let session = Session::builder(Implementation::new("example")).connect(transport).await?;
//!         let numbers = RawJson::from_text(r#"{"a":2,"b":3}"#)?;
//!         let result = session.call_tool("add", numbers.as_raw(), &CallOptions::new()).await?;
//!         assert_eq!(result.content[0].as_text(), Some("5"));
//!         session.close().await;
//!         Ok(())
//!     };
//!
//!     // Serves until the future beside is ready; in a program that may be `tokio::signal::ctrl_c()`.
//!     let mut outcome = Ok(());
//!     listener.serve_until(McpService::new(server), async { outcome = client.await }).await;
//!     outcome
//! }
//! # }
//! # #[cfg(not(all(feature = "client", feature = "server")))]
//! # mod example { pub fn main() -> Result<(), String> { Ok(()) } }
//! # fn main() { example::main().unwrap() }
//! ```

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
pub use guard::{Guard, Stranger};
pub use head::RequestHead;
pub use listen::{HttpServer, socket};
pub use options::{Answers, ConnectionLimits, LegacyMode, ServiceLimits, SessionOptions};
pub use service::McpService;
