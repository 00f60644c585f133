//! Servers that are wrong in exactly one way, from one stage of the conversation on.
//!
//! ```text
//!  socket ─▶ request ─▶ stage reached? ─┬─ no ──▶ answers: as a plain modern server would
//!                                       └─ yes ─▶ misbehave ─▶ bodies | streams | redirects | connection
//! ```
//!
//! Plain sockets and no HTTP library: a library would refuse to send much of this.

mod answers;
mod misbehave;
mod mode;
mod request;
mod server;

pub use mode::{Mode, Stage};
pub use server::Hostile;
