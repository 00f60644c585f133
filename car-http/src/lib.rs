//! The one hardened HTTP client of the workspace, on raw hyper.
//!
//! Nothing here knows what MCP is. The crate turns a [`Request`] for a [`Target`] into a [`Response`] whose
//! [`Body`] arrives in chunks, and keeps everything a peer may do within bounds: connection, first byte,
//! silence and total time ([`Timeouts`]), the size of heads and bodies, the number and the reach of redirects,
//! and the addresses that may be dialed ([`AddressPolicy`]).
//!
//! ```text
//!  Request ─▶ Client::send ─▶ redirect::decide ◀── 3xx ──┐
//!                 │                                      │
//!                 ▼                                      │
//!               pool ── idle connection? ──▶ http1 ──▶ Response + Body ──▶ the caller
//!                 │                          http2         │
//!                 │ none                       ▲           │ end of an HTTP/1.1 body
//!                 ▼                            │           ▼
//!  connect: proxy ─▶ dial ─▶ guard ─▶ tls ─────┘          pool
//! ```
//!
//! An HTTP/1.1 call runs wholly in its caller's task: the connection is polled by the call itself, so there is
//! no background task, no channel between tasks and nothing to wake but the caller. Dropping the future of
//! [`Client::send`], or a [`Body`] that was not read to its end, closes the connection (HTTP/1.1) or resets the
//! stream (HTTP/2): that is how a call is cancelled.
//!
//! No `Accept-Encoding` is offered and nothing is decompressed: a cap on a body then means what it says.
//!
//! # Example
//!
//! ```no_run
//! use car_http::{Client, Request, Target};
//!
//! # async fn example() -> Result<(), car_http::Error> {
//! let client = Client::new()?;
//! let response = client.send(Request::get(Target::parse("https://example.com/")?)).await?;
//! let page = response.into_body().collect(1024 * 1024).await?;
//! assert!(!page.is_empty());
//! # Ok(())
//! # }
//! ```

// What a call is made of and what it can end in.
mod error;
mod request;
mod response;
mod target;
mod timeouts;

// Rules; only the proxy also speaks, to ask for a tunnel.
mod address;
mod proxy;
mod redirect;

// From an origin to a connection.
mod connect;
mod dial;
mod resolve;
mod stream;
mod tls;

// Over a connection.
mod alarm;
mod body;
mod http1;
mod http2;
mod message;
mod payload;
mod pool;

// What ties it together.
mod builder;
mod client;

pub use address::{AddressPolicy, AddressRange};
pub use body::Body;
pub use builder::ClientBuilder;
pub use bytes::Bytes;
pub use client::Client;
pub use error::{Cause, Error, Phase, RedirectRefusal, Stage};
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
pub use http_body::SizeHint;
pub use proxy::ProxyConfig;
pub use request::Request;
pub use resolve::{Resolver, Resolving};
pub use response::Response;
pub use target::{Origin, Scheme, Target};
pub use timeouts::Timeouts;
pub use url::Url;
