//! What a legacy server tells without having been asked.

use std::task::{Context, Poll};

use bytes::Bytes;

/// The messages of a conversation that belong to no request.
///
/// Changes are levels, not edges: a list that changes ten times before anybody reads is told once. That bounds what
/// waits for a client that does not read.
#[derive(Debug)]
pub struct Feed {}

impl Feed {
    /// Returns the next message, or nothing when the conversation has ended.
    ///
    /// # Cancel safety
    /// A message is either returned or still to come.
    pub fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        todo!("core-b {context:?}")
    }
}
