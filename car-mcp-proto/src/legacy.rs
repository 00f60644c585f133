//! Messages that only the handshake era knows (2024-11-05 to 2025-11-25).

use crate::capability::{ClientCapabilities, Implementation, ServerCapabilities};
use crate::json::Members;
use crate::logging::LoggingLevel;

/// The error that says a resource does not exist, up to 2025-11-25.
pub const RESOURCE_NOT_FOUND: i64 = -32002;

/// The error that asks for a URL elicitation first, 2025-11-25 only.
pub const URL_ELICITATION_REQUIRED: i64 = -32042;

open_object! {
    /// Parameters of `initialize`.
    pub struct InitializeParams {
        /// The revision that the client would like.
        req protocol_version: String = "protocolVersion",
        /// What the client offers.
        req capabilities: ClientCapabilities = "capabilities",
        /// Who the client is.
        req client_info: Implementation = "clientInfo",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `initialize`.
    pub struct InitializeResult {
        /// The revision that will be spoken.
        req protocol_version: String = "protocolVersion",
        /// What the server offers.
        req capabilities: ServerCapabilities = "capabilities",
        /// Who the server is.
        req server_info: Implementation = "serverInfo",
        /// How to use it, for the model.
        opt instructions: String = "instructions",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `logging/setLevel`.
    pub struct SetLevelParams {
        /// The least serious level to send.
        req level: LoggingLevel = "level",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `resources/subscribe` and `resources/unsubscribe`.
    pub struct ResourceSubscriptionParams {
        /// The resource.
        req uri: String = "uri",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `notifications/elicitation/complete` (2025-11-25).
    pub struct ElicitationCompleteParams {
        /// The elicitation that the person has finished.
        req elicitation_id: String = "elicitationId",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}
