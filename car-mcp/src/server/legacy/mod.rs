//! The handshake era: one conversation with one client, from `initialize` on.
//!
//! ```text
//!  request ──▶ initialize, ping, setLevel, subscribe ─▶ answered at once
//!          └─▶ what both eras have ─▶ Flight ─▶ Exchange       cancelled by `notifications/cancelled` and by the end
//!  handler ──▶ Conversation::ask ─▶ outlet ─▶ client ─▶ Conversation::response ─▶ handler
//!  changes ──▶ Feed
//! ```

mod asking;
mod conversation;
mod feed;
mod flight;
mod methods;

pub use asking::QUESTION_TIMEOUT;
pub use conversation::{Conversation, MAX_UNDER_WAY};
pub use feed::Feed;
