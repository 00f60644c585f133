//! The client's side of Streamable HTTP.

mod errors;
mod exchange;
mod legacy;
mod messages;
mod transport;

pub use transport::{HttpTransport, HttpTransportBuilder, MAX_BODY_BYTES, MAX_EVENT_BYTES};
