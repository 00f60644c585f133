//! What only the handshake era has over HTTP: sessions, streams that can be resumed, and the HTTP+SSE pair.

mod pair;
mod resume;
mod session;

pub(crate) use pair::Pair;
pub(crate) use session::{LegacyState, SESSION_ID};
