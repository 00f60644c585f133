//! Streamable HTTP for MCP, on raw hyper: client and server, for every revision.
//!
//! # Client
//!
//! Feature `client`, on by default.
//!
//! ```text
//!  Session ─▶ HttpTransport::send ─▶ headers ─▶ car_http::Client ─▶ POST
//!                 ▲                                                   │
//!                 │   Reply::Body   ◀── application/json ◀────────────┤
//!                 │   Reply::Stream ◀── sse ◀── text/event-stream ◀───┤
//!                 │                      ▲ legacy: cut? GET + Last-Event-ID after `retry`
//!                 │                                                   │
//!                 └── Credentials ◀── 401, 403 with a challenge ◀─────┘
//! ```
//!
//! A modern request is one POST; closing its stream cancels it. The legacy era's sessions, resumable streams and the
//! HTTP+SSE pair of 2024-11-05 live under `client/legacy`, apart, so that the era can be taken out one day.
//!
//! ```no_run
//! use car_http::Client;
//! use car_mcp::proto::capability::Implementation;
//! use car_mcp::{CallOptions, Session};
//! use car_mcp_http::HttpTransport;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = HttpTransport::new(Client::new()?, "http://127.0.0.1:3001/mcp")?;
//! let session = Session::builder(Implementation::new("example")).connect(transport).await?;
//! for tool in &session.list_tools().await?.items {
//!     println!("{}", tool.name);
//! }
//! let arguments = serde_json::value::to_raw_value(&serde_json::json!({"message": "hi"}))?;
//! let result = session.call_tool("echo", &arguments, &CallOptions::new()).await?;
//! println!("{:?}", result.content);
//! # Ok(())
//! # }
//! ```
//!
//! # Server
//!
//! Feature `server`; it needs no part of the client. The module `server` tells how requests are let in and answered. This is a
//! complete one, called once by the client and shut down in good order:
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

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod credentials;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "client")]
pub mod sse;

#[cfg(feature = "client")]
pub use client::{HttpTransport, HttpTransportBuilder};
#[cfg(feature = "client")]
pub use credentials::{Challenge, Credentials, MAX_ROUNDS, Proof};

#[cfg(feature = "client")]
pub use car_http as http_client;
