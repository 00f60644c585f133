//! What a server may ask of a client, answered in one place whatever the era.
//!
//! In the legacy era the server sends a request of its own; in the modern era it answers with a round of questions.
//! The session turns both into the same calls.

use std::fmt;
use std::sync::Arc;

use car_mcp_proto::capability::ClientCapabilities;
use car_mcp_proto::elicitation::{ElicitParams, ElicitResult};
use car_mcp_proto::logging::LoggingMessageParams;
use car_mcp_proto::roots::ListRootsResult;
use car_mcp_proto::sampling::{CreateMessageParams, CreateMessageResult};

use crate::transport::BoxFuture;

/// Says that the client does not answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The JSON-RPC error code that a legacy server is told.
    pub code: i64,
    /// Why, in a sentence.
    pub reason: String,
}

impl Refusal {
    /// Refuses with a reason, as "invalid parameters".
    pub fn new(reason: impl Into<String>) -> Self {
        Self { code: car_mcp_proto::rpc::INVALID_PARAMS, reason: reason.into() }
    }

    /// Says that the client has no such method.
    pub fn unsupported(method: &str) -> Self {
        Self {
            code: car_mcp_proto::rpc::METHOD_NOT_FOUND,
            reason: format!("this client does not answer {method}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

/// Answers a server's questions. Every method has a default that refuses: implement what
/// [`ClientHandler::capabilities`] declares.
///
/// # Cancel safety
/// The futures run in the task of the call that caused the question and are dropped with it.
///
/// # Security
/// A server is not to be trusted: show the user who asks, never fill in a secret without asking, and open a URL only
/// when the user has seen all of it and agreed.
pub trait ClientHandler: Send + Sync {
    /// Declares what the client answers. Asked once, when a session begins.
    fn capabilities(&self) -> ClientCapabilities {
        ClientCapabilities::new()
    }

    /// Asks the user. Defaults that the schema gives are filled in by the session for fields that an accepted answer
    /// leaves out.
    fn elicit(&self, _request: ElicitParams) -> BoxFuture<'_, Result<ElicitResult, Refusal>> {
        Box::pin(std::future::ready(Err(Refusal::unsupported("elicitation/create"))))
    }

    /// Asks the client's model.
    fn create_message(
        &self,
        _request: CreateMessageParams,
    ) -> BoxFuture<'_, Result<CreateMessageResult, Refusal>> {
        Box::pin(std::future::ready(Err(Refusal::unsupported("sampling/createMessage"))))
    }

    /// Tells the folders in which the server may work.
    fn list_roots(&self) -> BoxFuture<'_, Result<ListRootsResult, Refusal>> {
        Box::pin(std::future::ready(Err(Refusal::unsupported("roots/list"))))
    }

    /// Returns who answers the question that a modern server puts under this key, in place of this handler: for whoever
    /// hands questions on and keeps the server's keys. A legacy server's questions have none.
    fn under(&self, _key: &str) -> Option<Arc<dyn ClientHandler>> {
        None
    }

    /// Takes a log message. Must not block.
    fn log(&self, _message: LoggingMessageParams) {}
}

/// Declares nothing and refuses everything.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a name for nothing")]
pub struct NoHandler;

impl ClientHandler for NoHandler {}
