//! What a server of the handshake era needs of its transport: `initialize` before anything else, once for each run.

use car_mcp::transport::{Message, MessageKind};
use car_mcp_proto::Era;

/// Tells whether a message opens the handshake.
pub(crate) fn is_initialize(message: &Message<'_>) -> bool {
    matches!(message.kind, MessageKind::Request { method: "initialize", .. })
}

/// Tells whether a message closes the handshake: from then on the server takes requests.
pub(crate) fn is_initialized(message: &Message<'_>) -> bool {
    matches!(message.kind, MessageKind::Notification { method: "notifications/initialized" })
}

/// Tells whether a message can only be understood after the handshake.
pub(crate) fn needs_handshake(message: &Message<'_>) -> bool {
    let is_request = matches!(message.kind, MessageKind::Request { .. });
    is_request
        && !is_initialize(message)
        && message.version.is_some_and(|version| version.era() == Era::Legacy)
}
