//! Streamable HTTP for MCP, on raw hyper: the client's side, for every revision.
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
//! # Example
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
