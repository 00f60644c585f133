//! What a server of the handshake era needs of its transport: `initialize` before anything else, once for each run.

use bytes::Bytes;
use car_mcp::transport::{Message, MessageKind};
use car_mcp_proto::Era;
use car_mcp_proto::rpc::{Incoming, Outgoing};
use serde::de::IgnoredAny;

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

/// Returns the answer to a `ping`, and to nothing else. A session answers pings while it reads; a server that asks while
/// no call is under way would take the client for dead.
///
/// Source: specification 2025-11-25, "Ping": the receiver must respond promptly with an empty result.
pub(crate) fn pong(message: &[u8]) -> Option<Bytes> {
    match serde_json::from_slice::<Incoming<'_, IgnoredAny>>(message) {
        Ok(Incoming::Request { id, method, .. }) if method == "ping" => {
            let nothing = serde_json::Map::new();
            serde_json::to_vec(&Outgoing::Response { id: &id, result: nothing }).ok().map(Bytes::from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_pings_only() {
        let ping = pong(br#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#).unwrap();
        let ping: serde_json::Value = serde_json::from_slice(&ping).unwrap();
        assert_eq!(ping, serde_json::json!({"jsonrpc": "2.0", "id": "a", "result": {}}));
        for other in [
            r#"{"jsonrpc":"2.0","id":1,"method":"roots/list"}"#,
            r#"{"jsonrpc":"2.0","method":"ping"}"#,
            "ping",
        ] {
            assert_eq!(pong(other.as_bytes()), None, "{other}");
        }
    }
}
