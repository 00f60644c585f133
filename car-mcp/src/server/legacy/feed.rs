//! What a legacy server tells without having been asked.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::conversation::Shared;
use crate::server::changes::Reader;
use crate::server::notice;

/// The messages of a conversation that belong to no request.
///
/// Changes are levels, not edges: a list that changes ten times before anybody reads is told once. That bounds what
/// waits for a client that does not read.
pub struct Feed {
    shared: Arc<Shared>,
    reader: Option<Reader>,
}

impl Feed {
    pub(super) fn take_over(shared: Arc<Shared>) -> Self {
        let reader = shared.listener.as_ref().map(|listener| listener.take_over());
        Self { shared, reader }
    }

    /// Returns the next message, or nothing when the conversation has ended or another feed has taken over.
    ///
    /// # Cancel safety
    /// A message is either returned or still to come.
    pub fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let (Some(listener), Some(reader)) = (&self.shared.listener, self.reader) else {
            return Poll::Ready(None);
        };
        let change = ready!(listener.poll_change(reader, context));
        Poll::Ready(change.as_ref().map(notice::of_change))
    }

    /// Waits for the next message.
    ///
    /// # Cancel safety
    /// A message is either returned or still to come.
    pub async fn message(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|context| self.poll_message(context)).await
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Feed").finish_non_exhaustive()
    }
}
