//! The revisions with a handshake, 2024-11-05 to 2025-11-25.
//!
//! ```text
//!  streamable (/mcp) ──┐
//!                      ├─▶ session ─▶ methods ─▶ event log ─▶ streams, resumable
//!  http_sse  (/sse) ───┘
//! ```

mod http_sse;
mod methods;
mod session;
mod streamable;

pub(super) use http_sse::{open as open_pair, post as post_to_pair};
pub(super) use session::Session;
pub(super) use streamable::{end_session, open_stream, post};

/// The revisions spoken here, newest first.
const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
/// The one revision in which messages travel in batches.
const BATCHING: &str = "2025-03-26";
/// The one revision in which a stream opens with a priming event.
const PRIMING: &str = "2025-11-25";

/// Whether this is a revision with a handshake.
pub(super) fn is_known(version: &str) -> bool {
    VERSIONS.contains(&version)
}
