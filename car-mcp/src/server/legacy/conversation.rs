//! What a server remembers of one legacy client.

use car_mcp_proto::ProtocolVersion;

use crate::server::exchange::Exchange;
use crate::server::inbound::{Notification, Request, Response};
use crate::server::legacy::Feed;
use crate::server::principal::Caller;
use crate::server::service::Server;

/// One legacy client's conversation: what was agreed on, what is under way, what was asked of it. Clones are the same.
#[derive(Clone, Debug)]
pub struct Conversation {}

impl Conversation {
    /// Begins a conversation: its first request is `initialize`.
    pub fn begin(server: &Server) -> Self {
        todo!("core-b {server:?}")
    }

    /// Returns a conversation that lasts for one request of a client that keeps no session: it has been agreed on this
    /// revision, nothing is known of the client, and it cannot be asked anything.
    pub fn stateless(server: &Server, version: ProtocolVersion) -> Self {
        todo!("core-b {server:?} {version:?}")
    }

    /// Returns the revision that was agreed on; nothing before `initialize` was answered.
    pub fn version(&self) -> Option<ProtocolVersion> {
        todo!("core-b")
    }

    /// Begins to answer a request.
    pub fn request(&self, request: Request, caller: Caller) -> Exchange {
        todo!("core-b {request:?} {caller:?}")
    }

    /// Takes a notification; unknown ones are ignored.
    pub fn notification(&self, notification: &Notification) {
        todo!("core-b {notification:?}")
    }

    /// Takes a response, and returns whether it answers something that was asked.
    pub fn response(&self, response: Response) -> bool {
        todo!("core-b {response:?}")
    }

    /// Returns the messages that belong to no request: changed lists and resources. There is one feed; who takes it
    /// anew takes it over.
    pub fn feed(&self) -> Feed {
        todo!("core-b")
    }

    /// Ends the conversation: what is under way is dropped, and who waits for the client's answer is told.
    pub fn end(&self) {
        todo!("core-b")
    }
}
