//! The handshake era: one conversation with one client, from `initialize` on.

mod conversation;
mod feed;

pub use conversation::Conversation;
pub use feed::Feed;
